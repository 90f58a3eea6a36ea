"""Tables of people put together."""

import numpy as np

from posestream.estimation.merging import concatenated, distinct, with_scores
from posestream.types import Poses

SIGMAS = np.full(3, 0.07, np.float32)
SHAPE = np.array([[0, 0], [40, 100], [80, 0]], np.float32)


def person(left, score):
    points = (SHAPE + np.array([left, 0], np.float32))[None]
    box = np.array([[left, 0, left + 80, 100]], np.float32)
    return Poses(points, np.full((1, 3), 0.5, np.float32), np.array([score], np.float32), box)


def test_new_scores_make_a_new_order():
    both = concatenated([person(0, 0.9), person(200, 0.5)])
    turned = with_scores(both, np.array([0.2, 0.7]))
    np.testing.assert_allclose(turned.scores, [0.7, 0.2])
    np.testing.assert_array_equal(turned.keypoints[0], person(200, 0).keypoints[0])
    np.testing.assert_array_equal(turned.boxes[0], [200, 0, 280, 100])


def test_of_two_passes_the_better_find_of_a_person_stays():
    found = concatenated([person(0, 0.9), person(2, 0.5), person(300, 0.4)])
    kept = distinct(found, SIGMAS, suppression=0.5)
    np.testing.assert_allclose(kept.scores, [0.9, 0.4])


def test_neighbours_are_not_one_person():
    found = concatenated([person(0, 0.9), person(60, 0.5)])
    assert len(distinct(found, SIGMAS, suppression=0.5)) == 2


def test_nobody_and_nobody_are_nobody():
    nobody = concatenated([Poses.empty(3), Poses.empty(3)])
    assert len(distinct(nobody, SIGMAS, suppression=0.5)) == 0

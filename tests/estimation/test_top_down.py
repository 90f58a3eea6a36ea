"""A network for one person behind a network that finds people."""

import numpy as np
import pytest
from painted_people import PLACES, TOPOLOGY, Watched, keypoints_of, picture, single_network

from posestream.decoding.one_person import OnePersonDecoder, person_keypoints
from posestream.estimation.passes import BackendPass
from posestream.estimation.top_down import TopDownEstimator
from posestream.inference.fake import FakeBackend
from posestream.topology import Topology
from posestream.types import Poses

LEFT, RIGHT = (60, 60, 120, 330), (400, 90, 110, 300)
HAND = Topology("hand", ("wrist",), ())
"""What the detector means is no matter."""


class Found:
    """A detector that finds what it was given."""

    topology = HAND
    description = "given people"

    def __init__(self, *frames):
        self.frames = [_boxes(frame) for frame in frames]

    def estimate(self, images):
        return self.frames[: len(images)]


def _boxes(people):
    if isinstance(people, Poses):
        return people
    count = len(people)
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in people], np.float32).reshape(-1, 4)
    scores = np.linspace(0.8, 0.4, count).astype(np.float32)
    return Poses(
        np.zeros((count, 1, 2), np.float32), np.ones((count, 1), np.float32), scores, boxes
    )


def top_down(detector, network=None, *, pad_value=0, batch_size=1, **options):
    return TopDownEstimator(
        detector,
        BackendPass(
            network or single_network(),
            OnePersonDecoder(person_keypoints),
            pad_value=pad_value,
            batch_size=batch_size,
        ),
        TOPOLOGY,
        input_size=(192, 256),
        **options,
    )


def test_everybody_is_placed_in_frame_pixels():
    [poses] = top_down(Found([LEFT, RIGHT])).estimate([picture((640, 480), [LEFT, RIGHT])])
    assert len(poses) == 2
    np.testing.assert_allclose(poses.keypoints[0], keypoints_of(LEFT), atol=2.5)
    np.testing.assert_allclose(poses.keypoints[1], keypoints_of(RIGHT), atol=2.5)


def test_boxes_are_the_detectors_and_scores_the_product():
    [poses] = top_down(Found([LEFT])).estimate([picture((640, 480), [LEFT])])
    np.testing.assert_allclose(poses.boxes, [[60, 60, 180, 390]])
    np.testing.assert_allclose(poses.scores, [0.8 * 0.9], rtol=1e-5)


def test_people_are_ranked_by_the_product_and_cut_at_the_least_score():
    image = picture((640, 480), [LEFT, RIGHT])
    [poses] = top_down(Found([LEFT, RIGHT]), min_score=0.5).estimate([image])
    assert len(poses) == 1
    assert poses.scores[0] > 0.5


def test_people_of_several_pictures_share_batches_and_stay_in_their_own():
    network = single_network()
    estimator = top_down(Found([LEFT, RIGHT], [], [RIGHT]), network, batch_size=2)
    images = [picture((640, 480), people) for people in ([LEFT, RIGHT], [], [RIGHT])]
    found = estimator.estimate(images)
    assert [len(poses) for poses in found] == [2, 0, 1]
    assert [shape[0] for shape in network.shapes] == [2, 1]
    np.testing.assert_allclose(found[2].keypoints[0], keypoints_of(RIGHT), atol=2.5)


def test_a_person_at_the_edge_is_seen_where_the_picture_is():
    person = (0, 200, 80, 280)
    [poses] = top_down(Found([person])).estimate([picture((640, 480), [person])])
    np.testing.assert_allclose(poses.keypoints[0], keypoints_of(person), atol=2.5)


def test_no_more_people_than_allowed_cost_a_run():
    network = single_network()
    people = [LEFT, RIGHT] * 4
    [poses] = top_down(Found(people), network, max_people=3).estimate([picture((640, 480), people)])
    assert len(network.shapes) == 3
    assert len(poses) == 3


def test_nobody_costs_no_run():
    network = single_network()
    [poses] = top_down(Found([]), network).estimate([picture((640, 480), [])])
    assert network.shapes == []
    assert poses.keypoints.shape == (0, len(PLACES), 2)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 1e38])
def test_numbers_that_are_none_are_nobody(poison):
    network = FakeBackend(
        lambda pixels: {"person_keypoints": np.full((len(pixels), 1, 5, 3), poison, np.float32)}
    )
    [poses] = top_down(Found([LEFT]), network).estimate([picture((640, 480), [LEFT])])
    assert len(poses) == 0


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e38])
def test_boxes_and_scores_that_are_no_numbers_are_left_out(poison):
    good = _boxes([LEFT, RIGHT])
    boxes = good.boxes.copy()
    boxes[0, 2] = poison
    spoilt = Poses(good.keypoints, good.keypoint_scores, good.scores, boxes)
    image = picture((640, 480), [LEFT, RIGHT])
    [poses] = top_down(Found(spoilt)).estimate([image])
    assert len(poses) == 1
    scores = np.array([poison, 0.5], np.float32)
    spoilt = Poses(good.keypoints, good.keypoint_scores, scores, good.boxes)
    [poses] = top_down(Found(spoilt), min_score=0.1).estimate([image])
    assert (poses.scores <= 1).all()


def test_what_lies_outside_the_picture_has_the_cards_pad_value():
    seen = []
    network = Watched(lambda pixels: seen.append(pixels) or {"person_keypoints": nothing(pixels)})
    top_down(Found([(0, 200, 80, 280)]), network, pad_value=9).estimate([picture((640, 480), [])])
    assert (seen[0][0, :, 0] == 9).all()


def nothing(pixels):
    return np.zeros((len(pixels), 1, len(PLACES), 3), np.float32)


@pytest.mark.parametrize("options", [{"max_people": 0}, {"padding": 0.5}, {"min_score": 2}])
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="out of range"):
        top_down(Found([]), **options)


def test_the_description_says_what_runs():
    text = top_down(Found([])).description
    assert text == "192x256 per person, fake, people found by: given people"

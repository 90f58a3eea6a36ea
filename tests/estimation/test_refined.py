"""A single-person network on each person."""

import numpy as np
import pytest
from painted_people import TOPOLOGY, center_network, keypoints_of, picture, single_network

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.one_person import OnePersonDecoder, person_keypoints
from posestream.estimation.passes import BackendPass
from posestream.estimation.refined import RefinedEstimator
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.geometry import InputRule
from posestream.inference.fake import FakeBackend
from posestream.types import Poses

LEFT, RIGHT = (60, 60, 120, 330), (400, 90, 110, 300)


class Found:
    """An estimator that finds what it was given."""

    topology = TOPOLOGY
    description = "given people"

    def __init__(self, *frames):
        self.frames = frames

    def estimate(self, images):
        return list(self.frames)


def found(*people, score=0.8, error=(0.0, 0.0)):
    points = np.array([keypoints_of(person) for person in people]) + error
    count = len(people)
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in people])
    return Poses(
        points.astype(np.float32),
        np.full((count, len(TOPOLOGY.keypoints)), 0.6, np.float32),
        np.linspace(score, score / 2, count).astype(np.float32),
        boxes.astype(np.float32),
    )


def seeing(network=None, **options):
    return BackendPass(network or single_network(), OnePersonDecoder(person_keypoints), **options)


def refined(frame, people, network=None, **options):
    [poses] = RefinedEstimator(Found(frame), seeing(network), **options).estimate(
        [picture((640, 480), people)]
    )
    return poses


def test_a_pose_that_agrees_is_moved_to_where_the_second_network_sees_it():
    first = found(LEFT, error=(5, -4))
    poses = refined(first, [LEFT])
    before = np.abs(first.keypoints[0] - keypoints_of(LEFT)).max()
    after = np.abs(poses.keypoints[0] - keypoints_of(LEFT)).max()
    assert after < before / 1.5
    np.testing.assert_allclose(poses.keypoint_scores[0], 0.9)


def test_a_pose_that_disagrees_is_refused():
    first = found(LEFT)
    poses = refined(first, [LEFT], single_network(lambda points: 1 - points))
    np.testing.assert_array_equal(poses.keypoints, first.keypoints)
    np.testing.assert_array_equal(poses.keypoint_scores, first.keypoint_scores)
    assert poses.scores[0] < first.scores[0]


def test_agreement_ranks_people():
    first = found(LEFT, RIGHT, error=(0, 0))
    shaken = Poses(
        first.keypoints + np.array([[[12, 12]], [[0, 0]]], np.float32),
        first.keypoint_scores,
        np.full(2, 0.8, np.float32),
        first.boxes,
    )
    poses = refined(shaken, [LEFT, RIGHT])
    assert poses.keypoints[0, 0, 0] > 300
    assert poses.scores[0] > poses.scores[1]


def test_people_hardly_believed_cost_no_run_and_come_last():
    network = single_network()
    poses = refined(found(LEFT, RIGHT, score=0.15), [LEFT, RIGHT], network, least_score=0.1)
    assert len(network.shapes) == 1
    assert len(poses) == 2
    np.testing.assert_allclose(poses.keypoints[1], keypoints_of(RIGHT))


def test_two_poses_of_one_person_become_one():
    double = found(LEFT, LEFT, error=(3, 3))
    assert len(refined(double, [LEFT])) == 1


def test_a_person_at_the_edge_is_refined():
    person = (-40, 200, 120, 330)
    poses = refined(found((0, 200, 80, 280)), [(0, 200, 80, 280)])
    assert len(poses) == 1
    assert np.abs(poses.keypoints[0] - keypoints_of((0, 200, 80, 280))).max() < 6
    assert len(refined(found(person), [(0, 200, 80, 280)])) == 1


def test_nobody_stays_nobody():
    network = single_network()
    assert len(refined(Poses.empty(5), [], network)) == 0
    assert network.shapes == []


def test_people_of_several_pictures_stay_in_their_own():
    estimator = RefinedEstimator(
        SinglePassEstimator(
            BackendPass(center_network(), CenterDecoder(TOPOLOGY)),
            TOPOLOGY,
            rule=InputRule(long_side=256, multiple=32),
        ),
        seeing(batch_size=2),
    )
    images = [
        picture((640, 480), [LEFT, RIGHT]),
        picture((640, 480), []),
        picture((640, 480), [RIGHT]),
    ]
    counts = [len(poses) for poses in estimator.estimate(images)]
    assert counts == [2, 0, 1]
    last = estimator.estimate(images)[2]
    assert np.abs(last.keypoints[0] - keypoints_of(RIGHT)).max() < 5


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(poison):
    network = FakeBackend(
        lambda pixels: {"person_keypoints": np.full((len(pixels), 1, 5, 3), poison, np.float32)}
    )
    first = found(LEFT)
    poses = refined(first, [LEFT], network)
    np.testing.assert_array_equal(poses.keypoints, first.keypoints)


def test_scores_stay_between_nothing_and_certainty():
    poses = refined(found(LEFT, RIGHT, score=1.0), [LEFT, RIGHT])
    assert ((poses.scores > 0) & (poses.scores <= 1)).all()


def test_the_description_says_what_runs():
    estimator = RefinedEstimator(Found(), seeing())
    assert estimator.description == "each person refined, given people"

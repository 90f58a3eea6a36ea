"""Where people stand, however little of them is seen."""

import numpy as np
import pytest
from zone_walks import SIZE, standing, tracks

from posestream.analytics.anchors import Anchors
from posestream.topology import COCO_17, OPENPOSE_BODY_25, Topology
from posestream.types import Poses
from posestream.zones import FEET

AT = (500.0, 400.0)
LEGS = ("left_ankle", "right_ankle", "left_knee", "right_knee", "left_hip", "right_hip")


def feet_without(*hidden: str, lying: bool = False) -> np.ndarray:
    poses = tracks({7: AT}).poses
    points, scores = poses.keypoints.copy(), poses.keypoint_scores.copy()
    if lying:
        points[0] = (standing((0, 0)) @ np.array([[0, 1], [1, 0]])) + np.array(AT)
    scores[0, [COCO_17.keypoints.index(name) for name in hidden]] = 0.1
    found = Poses(points, scores, poses.scores, poses.boxes)
    return Anchors(COCO_17, [FEET], min_keypoint_score=0.2).find(found, SIZE)[0][0]


def test_feet_are_between_the_ankles():
    np.testing.assert_allclose(feet_without(), AT, atol=0.1)


def test_one_ankle_is_enough():
    np.testing.assert_allclose(feet_without("left_ankle"), (AT[0] - 14, AT[1]), atol=0.1)


@pytest.mark.parametrize("hidden", [LEGS[:2], LEGS[:4], LEGS])
def test_hidden_legs_are_continued_downwards(hidden):
    np.testing.assert_allclose(feet_without(*hidden), AT, atol=12)


def test_nothing_hangs_below_somebody_who_lies():
    x, y = feet_without(*LEGS[:4], lying=True)
    assert y == pytest.approx(AT[1], abs=2)
    assert x < AT[0]


def test_without_any_box_or_keypoint_nobody_can_tell():
    nothing = np.full((1, 17, 2), np.nan, np.float32)
    scores = np.zeros((1, 17), np.float32)
    for edge in (np.nan, np.inf):
        poses = Poses(nothing, scores, scores[:, 0], np.full((1, 4), edge, np.float32))
        feet, _ = Anchors(COCO_17, [FEET], min_keypoint_score=0.2).find(poses, SIZE)
        assert np.isnan(feet).all()


@pytest.mark.parametrize(
    "topology", [OPENPOSE_BODY_25, Topology(name="stick", keypoints=("a", "b"), limbs=((0, 1),))]
)
def test_any_topology_has_feet(topology):
    count = len(topology.keypoints)
    points = np.full((1, count, 2), 300, np.float32)
    poses = Poses(points, np.ones((1, count), np.float32), np.ones(1, np.float32),
                  np.array([[100, 100, 200, 400]], np.float32))  # fmt: skip
    feet, _ = Anchors(topology, [FEET], min_keypoint_score=0.2).find(poses, SIZE)
    np.testing.assert_allclose(feet[0], (300, 300) if count > 2 else (150, 400))

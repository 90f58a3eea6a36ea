"""Heads of stick figures whose true head is known."""

import numpy as np
import pytest

from posestream.overlay.heads import Head, heads
from posestream.topology import COCO_17, OPENPOSE_COCO, TRTPOSE_HUMAN, Topology
from posestream.types import Poses

# A standing adult, 170 units tall, in units from the crown; a head is 23 high and 16 wide.
ADULT = {
    "nose": (0, 13),
    "left_eye": (3.1, 10.5),
    "right_eye": (-3.1, 10.5),
    "left_ear": (7.5, 12),
    "right_ear": (-7.5, 12),
    "neck": (0, 32),
    "left_shoulder": (18, 33),
    "right_shoulder": (-18, 33),
    "left_elbow": (22, 62),
    "right_elbow": (-22, 62),
    "left_wrist": (24, 86),
    "right_wrist": (-24, 86),
    "left_hip": (10, 83),
    "right_hip": (-10, 83),
    "left_knee": (10, 125),
    "right_knee": (-10, 125),
    "left_ankle": (10, 164),
    "right_ankle": (-10, 164),
}
FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


def person(*, without=(), angle=0.0, scale=3.0, topology=COCO_17, at=(300, 200)) -> Poses:
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    points = np.array(
        [
            (np.nan, np.nan) if name in without else turn @ ADULT[name] * scale + at
            for name in topology.keypoints
        ],
        np.float32,
    )
    found = np.isfinite(points[:, 0])
    box = np.r_[np.nanmin(points, axis=0), np.nanmax(points, axis=0)].astype(np.float32)
    scores = np.where(found, 0.8, 0).astype(np.float32)
    return Poses(points[None], scores[None], np.ones(1, np.float32), box[None])


def covers(head: Head, point, *, angle=0.0, scale=3.0, at=(300, 200)) -> bool:
    turn = np.array(((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))))
    offset = turn @ np.asarray(point) * scale + at - np.array(head.centre)
    along = offset @ np.array(head.up) / head.half_height
    across = offset @ np.array((head.up[1], -head.up[0])) / head.half_width
    return float(np.hypot(along, across)) <= 1


FACE_POINTS = [(0, 4), (0, 22), (-6, 11.5), (6, 11.5), (5, 5), (-5, 5), (4, 19), (-4, 19)]
PROFILE_LEFT = ("left_eye", "left_ear")


@pytest.mark.parametrize("topology", [COCO_17, TRTPOSE_HUMAN, OPENPOSE_COCO])
@pytest.mark.parametrize("angle", [0, 0.5, np.pi / 2, np.pi, -2])
@pytest.mark.parametrize(
    "without",
    [(), FACE, ("nose", "left_eye", "right_eye"), PROFILE_LEFT, ("left_hip", "right_hip")],
    ids=["front", "no face", "ears only", "profile", "no hips"],
)
def test_the_whole_face_is_covered(topology, angle, without):
    (head,) = heads(person(without=without, angle=angle, topology=topology), topology)
    for point in FACE_POINTS:
        assert covers(head, point, angle=angle), point


def test_a_standing_person_of_whom_only_the_legs_were_found_is_covered_from_the_top_of_the_box():
    legs = ("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle")
    poses = person(without=[name for name in ADULT if name not in legs])
    (head,) = heads(poses, COCO_17)
    assert head.centre[1] - head.half_height < poses.boxes[0, 1]


def test_a_cover_is_not_absurdly_larger_than_the_head():
    (head,) = heads(person(), COCO_17)
    assert head.half_height < 23 * 3
    assert head.half_width <= head.half_height


def test_doubtful_keypoints_count():
    poses = person()
    doubtful = Poses(poses.keypoints, poses.keypoint_scores / 8, poses.scores, poses.boxes)
    assert heads(doubtful, COCO_17) == heads(poses, COCO_17)


def test_one_face_point_on_another_person_does_not_cover_half_the_frame():
    poses = person()
    poses.keypoints[0, COCO_17.keypoints.index("left_ear")] = (2500, 230)
    (head,) = heads(poses, COCO_17)
    assert head.half_width < 3 * 40
    assert all(covers(head, point) for point in FACE_POINTS)


def test_a_person_of_whom_nothing_is_known_has_no_head():
    poses = Poses(
        np.full((1, 17, 2), np.nan, np.float32),
        np.zeros((1, 17), np.float32),
        np.ones(1, np.float32),
        np.full((1, 4), np.nan, np.float32),
    )
    assert heads(poses, COCO_17) == [None]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_numbers_that_are_not_finite_never_raise(bad):
    poses = person()
    poses.keypoints[0, :4] = bad
    poses.boxes[0, 2] = bad
    (head,) = heads(poses, COCO_17)
    assert np.isfinite([*head.centre, head.half_height, head.half_width, *head.up]).all()


def test_hands_have_no_heads():
    hand = Topology(name="hand", keypoints=("palm", "thumb_tip"), limbs=((0, 1),))
    poses = Poses(
        np.ones((1, 2, 2), np.float32),
        np.ones((1, 2), np.float32),
        np.ones(1, np.float32),
        np.array([[0, 0, 50, 50]], np.float32),
    )
    assert heads(poses, hand) == [None]

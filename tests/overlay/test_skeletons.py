import numpy as np
import pytest

from posestream.overlay.colours import LEFT, MIDDLE, RIGHT, identity_colour
from posestream.overlay.skeletons import SkeletonStyle, box_strokes, limb_widths
from posestream.topology import COCO_17, OPENPOSE_COCO, TRTPOSE_HUMAN, Topology
from posestream.types import Poses

SIZE = (640, 480)
STICK = Topology(name="stick", keypoints=("left_end", "right_end"), limbs=((0, 1),))


def one(points, scores=None, box=(0, 0, 100, 200)) -> Poses:
    keypoints = np.array([points], np.float32)
    found = np.ones(keypoints.shape[:2], np.float32) if scores is None else np.array([scores])
    return Poses(
        keypoints,
        found.astype(np.float32),
        np.ones(1, np.float32),
        np.array([box], np.float32),
    )


def strokes(poses, topology=STICK, *, threshold=0.3, width=4.0):
    return SkeletonStyle.of(topology).strokes(
        poses, SIZE, threshold=threshold, widths=np.full(len(poses), width)
    )


def is_dot(drawn):
    return (drawn[:, 0:2] == drawn[:, 2:4]).all(axis=1)


def colours_of_limbs(topology: Topology) -> dict[frozenset[str], tuple[int, ...]]:
    style = SkeletonStyle.of(topology)
    names = (*topology.keypoints, "neck")
    return {
        frozenset((names[a], names[b])): tuple(colour)
        for (a, b), colour in zip(style.limbs.tolist(), style.limb_colours.tolist(), strict=True)
    }


@pytest.mark.parametrize("topology", [COCO_17, TRTPOSE_HUMAN, OPENPOSE_COCO])
def test_limbs_are_coloured_by_side(topology):
    colours = colours_of_limbs(topology)
    assert colours[frozenset(("left_elbow", "left_wrist"))] == LEFT
    assert colours[frozenset(("right_hip", "right_knee"))] == RIGHT
    assert colours[frozenset(("neck", "nose"))] == MIDDLE
    assert colours[frozenset(("left_eye", "nose"))] == LEFT


def test_a_limb_across_the_body_belongs_to_neither_side():
    assert colours_of_limbs(COCO_17)[frozenset(("left_hip", "right_hip"))] == MIDDLE


@pytest.mark.parametrize("topology", [COCO_17, TRTPOSE_HUMAN, OPENPOSE_COCO])
def test_nobody_has_a_limb_from_ear_to_shoulder(topology):
    assert frozenset(("left_ear", "left_shoulder")) not in colours_of_limbs(topology)


def test_a_topology_without_limbs_and_without_sides_is_drawn_as_dots():
    drawn, colours = strokes(one([(5, 5)]), Topology(name="dot", keypoints=("it",), limbs=()))
    assert is_dot(drawn).tolist() == [True]
    assert tuple(colours[0]) == MIDDLE


def test_a_limb_joins_its_keypoints_under_their_dots():
    drawn, _ = strokes(one([(10, 20), (30, 40)]))
    assert drawn[:, :4].tolist() == [[10, 20, 30, 40], [10, 20, 10, 20], [30, 40, 30, 40]]
    assert drawn[0, 4] < drawn[1, 4]


def test_keypoints_under_the_threshold_are_not_drawn_nor_their_limbs():
    drawn, _ = strokes(one([(10, 20), (30, 40)], scores=[0.9, 0.29]))
    assert drawn[:, :4].tolist() == [[10, 20, 10, 20]]


def test_a_limb_that_leaves_the_frame_is_drawn_without_its_outer_dot():
    drawn, _ = strokes(one([(10, 20), (-60, 40)]))
    assert drawn[:, :4].tolist() == [[10, 20, -60, 40], [10, 20, 10, 20]]


def test_a_limb_outside_the_frame_is_not_drawn():
    drawn, _ = strokes(one([(-10, 20), (-60, 40)]))
    assert len(drawn) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38, -3e38, 2e9, 1400])
def test_a_limb_to_an_impossible_place_is_not_believed(bad):
    drawn, _ = strokes(one([(10, 20), (bad, 40)]))
    assert drawn[:, :4].tolist() == [[10, 20, 10, 20]]


def test_the_best_person_lies_on_top():
    first, second = one([(10, 20), (30, 40)]), one([(50, 60), (70, 80)])
    both = Poses(
        *(
            np.concatenate([getattr(first, name), getattr(second, name)])
            for name in ("keypoints", "keypoint_scores", "scores", "boxes")
        )
    )
    drawn, _ = strokes(both)
    assert drawn[0, 0] == 50
    assert drawn[-1, 0] == 30


def test_nobody_gives_no_strokes():
    drawn, colours = strokes(Poses.empty(2))
    assert drawn.shape == (0, 8)
    assert colours.shape == (0, 3)


def test_the_head_is_carried_by_a_neck_between_the_shoulders():
    points = np.full((17, 2), np.nan)
    names = COCO_17.keypoints
    points[names.index("nose")] = (100, 50)
    points[names.index("left_shoulder")] = (130, 100)
    points[names.index("right_shoulder")] = (70, 110)
    drawn, _ = strokes(one(points), COCO_17)
    assert [100, 105, 100, 50] in drawn[:, :4].tolist()
    assert is_dot(drawn).sum() == 3


def test_one_shoulder_makes_no_neck():
    points = np.full((17, 2), np.nan)
    points[0], points[5] = (100, 50), (130, 100)
    drawn, _ = strokes(one(points), COCO_17)
    assert is_dot(drawn).all()


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def test_limbs_are_wider_in_larger_frames_and_on_larger_people():
    small, large = boxes((0, 0, 30, 60)), boxes((0, 0, 200, 400))
    assert limb_widths(large, (1920, 1080), None) > limb_widths(small, (1920, 1080), None)
    assert limb_widths(small, (1920, 1080), None) > limb_widths(small, (320, 240), None)
    assert limb_widths(small, (64, 48), None) >= 1.2


def test_a_chosen_width_holds_for_everyone():
    widths = limb_widths(boxes((0, 0, 30, 60), (0, 0, 200, 400)), SIZE, 5.5)
    assert widths.tolist() == [5.5, 5.5]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_a_broken_box_still_gives_a_usable_width(bad):
    assert 1 < limb_widths(boxes((bad, 0, bad, 60)), SIZE, None)[0] < 40


def test_a_box_has_four_dark_sides_under_four_coloured_ones():
    drawn, colours = box_strokes(
        boxes((10, 20, 110, 220)), SIZE, widths=np.array([4.0]), colours=[LEFT]
    )
    assert drawn.shape == (8, 8)
    assert colours[4:].tolist() == [list(LEFT)] * 4
    corners = {(10, 20), (110, 20), (110, 220), (10, 220)}
    assert {tuple(corner) for corner in drawn[:, :2].tolist()} == corners
    assert (drawn[:4, 4] > drawn[4:, 4]).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_boxes_are_clipped_to_the_frame(bad):
    drawn, _ = box_strokes(
        boxes((-50, bad, 9000, bad)), SIZE, widths=np.array([4.0]), colours=[LEFT]
    )
    assert (drawn[:, [0, 2]] >= 0).all()
    assert (drawn[:, [0, 2]] <= SIZE[0]).all()
    assert (drawn[:, [1, 3]] <= SIZE[1]).all()


def test_the_hands_of_a_whole_body_are_drawn_finer_and_a_hand_alone_is_not():
    hand = ("left_wrist", "left_thumb1", "left_thumb2")
    body = ("left_hip", "right_hip", "left_knee", "right_knee", *hand)
    alone = SkeletonStyle.of(Topology("hand", hand, ((0, 1), (1, 2))))
    whole = SkeletonStyle.of(Topology("whole", body, ((4, 5), (5, 6), (0, 2))))
    assert set(alone.limb_shares) == {1.0}
    assert len(set(alone.dot_shares)) == 1
    assert whole.limb_shares[0] == whole.limb_shares[1] < whole.limb_shares[2] == 1.0
    assert whole.dot_shares[5] < whole.dot_shares[4]


def test_limbs_of_tracked_people_take_the_colour_of_their_identity_and_dots_that_of_their_side():
    poses = one([(100, 100), (200, 100)])
    drawn, colours = SkeletonStyle.of(STICK).strokes(
        poses, SIZE, threshold=0.3, widths=np.full(1, 4.0), ids=np.array([13])
    )
    assert {tuple(c) for c in colours[~is_dot(drawn)].tolist()} == {identity_colour(13)}
    assert {tuple(c) for c in colours[is_dot(drawn)].tolist()} == {LEFT, RIGHT}


def test_people_whom_nobody_tracks_keep_the_colours_of_their_sides():
    poses = one([(100, 100), (200, 100)])
    pair = Poses(
        *(
            np.repeat(a, 2, axis=0)
            for a in (poses.keypoints, poses.keypoint_scores, poses.scores, poses.boxes)
        )
    )
    drawn, colours = SkeletonStyle.of(STICK).strokes(
        pair, SIZE, threshold=0.3, widths=np.full(2, 4.0), ids=np.array([2, -1])
    )
    limbs = [tuple(c) for c in colours[~is_dot(drawn)].tolist()]
    assert limbs == [MIDDLE, identity_colour(2)]  # the best person is drawn last

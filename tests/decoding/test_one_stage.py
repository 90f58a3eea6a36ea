"""People that a network says row by row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posestream.decoding.one_stage import OneStageDecoder
from posestream.decoding.one_stage_formats import FORMATS
from posestream.decoding.overlap import without_overlap
from posestream.errors import InferenceError
from posestream.geometry import InputRule
from posestream.types import Fields

LETTERBOX = InputRule(fixed_size=(64, 64), centered=True).letterbox((128, 64))
"""A frame of 128 x 64 at half size, 16 rows of padding above and below."""
KEYPOINTS = 2
SHAPES = {
    "yolo": {"yolo_predictions": (1, 5 + 3 * KEYPOINTS, 4)},
    "yolo-end2end": {"yolo_people": (1, 4, 6 + 3 * KEYPOINTS)},
    "rtmo": {"person_boxes": (1, 4, 5), "box_keypoints": (1, 4, KEYPOINTS, 3)},
    "movenet-multi": {"movenet_people": (1, 4, 3 * KEYPOINTS + 5)},
}


def decoded(family, maps, **options):
    fields = Fields({name: np.float32(array) for name, array in maps.items()}, (LETTERBOX,))
    [poses] = OneStageDecoder(FORMATS[family], KEYPOINTS, **options).decode(fields)
    return poses


def people(*rows):
    """Say people as RTMO does: left, top, right, bottom, score, then x, y, score twice."""
    rows = np.array(rows, np.float32).reshape(-1, 11)
    return {
        "person_boxes": rows[None, :, :5],
        "box_keypoints": rows[None, :, 5:].reshape(1, -1, 2, 3),
    }


SOMEBODY = (10, 20, 30, 40, 0.8, 12, 22, 0.9, 28, 38, 0.7)


def test_people_come_in_frame_pixels_best_first():
    other = (40, 20, 60, 40, 0.9, 42, 22, 0.9, 58, 38, 0.7)
    poses = decoded("rtmo", people(SOMEBODY, other))
    np.testing.assert_allclose(poses.scores, [0.9, 0.8])
    np.testing.assert_allclose(poses.boxes, [[80, 8, 120, 48], [20, 8, 60, 48]])
    np.testing.assert_allclose(poses.keypoints[1], [[24, 12], [56, 44]])
    np.testing.assert_allclose(poses.keypoint_scores[1], [0.9, 0.7])


def test_yolo_says_middle_and_size_and_repeats_itself():
    column = [20, 30, 20, 20, 0.8, 12, 22, 0.9, 28, 38, 0.7]
    again = [21, 30, 20, 20, 0.7, 12, 22, 0.9, 28, 38, 0.7]
    maps = {"yolo_predictions": np.array([column, again], np.float32).T[None]}
    assert len(decoded("yolo", maps)) == 2
    poses = decoded("yolo", maps, suppression=0.7)
    np.testing.assert_allclose(poses.boxes, [[20, 8, 60, 48]])
    np.testing.assert_allclose(poses.keypoints, [[[24, 12], [56, 44]]])


def test_yolo_with_suppression_inside_says_corners_and_a_class():
    row = [10, 20, 30, 40, 0.8, 0, 12, 22, 0.9, 28, 38, 0.7]
    poses = decoded("yolo-end2end", {"yolo_people": [[row]]})
    np.testing.assert_allclose(poses.boxes, [[20, 8, 60, 48]])
    np.testing.assert_allclose(poses.keypoints, [[[24, 12], [56, 44]]])


def test_movenet_says_shares_of_its_input_with_y_first():
    row = np.array([22, 12, 0, 38, 28, 0, 20, 10, 40, 30, 0]) / 64
    row[[2, 5, 10]] = 0.9, 0.7, 0.8
    poses = decoded("movenet-multi", {"movenet_people": row[None, None]})
    np.testing.assert_allclose(poses.boxes, [[20, 8, 60, 48]], rtol=1e-6)
    np.testing.assert_allclose(poses.keypoints, [[[24, 12], [56, 44]]], rtol=1e-6)
    np.testing.assert_allclose(poses.keypoint_scores, [[0.9, 0.7]])


def test_people_under_the_least_score_are_left_out():
    assert len(decoded("rtmo", people(SOMEBODY), min_score=0.81)) == 0
    assert len(decoded("rtmo", people(SOMEBODY), min_score=0.79)) == 1


def test_rows_of_zeros_are_nobody_even_without_a_least_score():
    assert len(decoded("rtmo", people([0.0] * 11), min_score=0)) == 0


def test_no_rows_are_nobody():
    poses = decoded("rtmo", people())
    assert poses.keypoints.shape == (0, KEYPOINTS, 2)


def test_there_are_no_more_people_than_allowed():
    crowd = [SOMEBODY] * 5
    assert len(decoded("rtmo", people(*crowd), max_people=3)) == 3
    assert len(decoded("rtmo", people(*crowd), max_people=3, suppression=1.0)) == 3


def test_boxes_end_with_the_frame_and_people_in_the_padding_are_nobody():
    wide = (-50, -50, 100, 100, *SOMEBODY[4:])
    np.testing.assert_allclose(decoded("rtmo", people(wide)).boxes, [[0, 0, 128, 64]])
    assert len(decoded("rtmo", people((10, 0, 30, 15, *SOMEBODY[4:])))) == 0


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e30])
def test_a_keypoint_that_is_no_number_or_far_away_is_not_found(poison):
    row = (*SOMEBODY[:5], poison, 22, 0.9, *SOMEBODY[8:])
    poses = decoded("rtmo", people(row))
    assert np.isnan(poses.keypoints[0, 0]).all()
    np.testing.assert_allclose(poses.keypoint_scores, [[0, 0.7]])
    np.testing.assert_allclose(poses.keypoints[0, 1], [56, 44])


def test_boxes_and_people_that_do_not_match_are_refused():
    maps = people(SOMEBODY, SOMEBODY)
    maps["box_keypoints"] = maps["box_keypoints"][:, :1]
    with pytest.raises(InferenceError, match="person_boxes has 2 people, box_keypoints 1"):
        decoded("rtmo", maps)


@pytest.mark.parametrize("options", [{"min_score": 2}, {"suppression": -1}, {"max_people": 0}])
def test_settings_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="out of range"):
        OneStageDecoder(FORMATS["rtmo"], KEYPOINTS, **options)


@pytest.mark.parametrize("family", sorted(SHAPES))
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_numbers_ever_raise_or_leave_the_rules(family, data):
    numbers = st.floats(width=32) | st.floats(0, 64, width=32) | st.floats(0, 1, width=32)
    maps = {
        name: data.draw(hnp.arrays(np.float32, shape, elements=numbers))
        for name, shape in SHAPES[family].items()
    }
    poses = decoded(family, maps, min_score=0.0, suppression=0.7)
    assert np.isfinite(poses.boxes).all()
    assert (poses.boxes[:, 2:] > poses.boxes[:, :2]).all()
    assert ((poses.scores > 0) & (poses.scores <= 1)).all()
    assert (np.diff(poses.scores) <= 0).all()
    assert ((poses.keypoint_scores >= 0) & (poses.keypoint_scores <= 1)).all()
    assert (np.isnan(poses.keypoints).any(axis=2) == (poses.keypoint_scores == 0)).all()


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.int32, (12, 4), elements=st.integers(0, 40)), st.floats(0, 1))
def test_boxes_that_are_kept_overlap_little_and_those_left_out_overlap_a_better_one(corners, limit):
    boxes = np.concatenate([corners[:, :2], corners[:, :2] + corners[:, 2:]], axis=1)
    boxes = boxes.astype(np.float32) / 4
    kept = without_overlap(boxes, limit, 12)
    for n in range(len(boxes)):
        better = [k for k in kept if k < n]
        alone = all(plain_overlap(boxes[n], boxes[k]) <= limit + 1e-5 for k in better)
        covered = any(plain_overlap(boxes[n], boxes[k]) > limit - 1e-5 for k in better)
        assert alone if n in kept else covered


def plain_overlap(one, other):
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    shared = float(np.prod(np.maximum(sides.astype(np.float64), 0)))
    areas = [float(np.prod((box[2:] - box[:2]).astype(np.float64))) for box in (one, other)]
    union = sum(areas) - shared
    return shared / union if union > 0 else 0.0

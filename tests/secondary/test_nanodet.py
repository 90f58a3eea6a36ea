import numpy as np
import pytest

from posestream.errors import InferenceError
from posestream.geometry import InputRule
from posestream.secondary.nanodet import NanoDetDecoder
from tiny_secondary import NANODET, SIDE, nanodet_answers

WHOLE = InputRule(fixed_size=(SIDE, SIDE)).letterbox((SIDE, SIDE))


def decoded(answers, *, threshold=0.3, letterbox=WHOLE):
    maps = {NANODET[name]: array[None] for name, array in answers.items()}
    [found] = NanoDetDecoder(threshold=threshold).decode(maps, [letterbox])
    return found


def test_a_box_lies_around_the_middle_of_its_cell():
    boxes, scores, classes = decoded(nanodet_answers([(8, 6, 2, 0.75, 1)]))
    assert (scores.tolist(), classes.tolist()) == ([0.75], [2])
    np.testing.assert_allclose(boxes, [[12, 4, 28, 20]], atol=1e-4)  # cell 6: (2.5, 1.5) x 8, +- 8


def test_a_side_is_the_mean_of_its_bins():
    answers = nanodet_answers([(16, 0, 0, 0.75, 0)])
    answers["reg_s16"][0] = 0
    answers["reg_s16"][0, [0, 1, 11, 12, 22, 23, 33, 34]] = 60  # each side: half 0, half 1
    np.testing.assert_allclose(decoded(answers)[0], [[0, 0, 16, 16]], atol=1e-4)


def test_every_stride_and_every_class_may_find_something():
    found = [(8, 15, 0, 0.5, 0.0), (16, 0, 1, 0.6, 0.0), (32, 0, 2, 0.7, 0.0)]
    answers = nanodet_answers(found)
    for name in ("reg_s8", "reg_s16", "reg_s32"):
        answers[name] = np.zeros_like(answers[name])  # all bins alike: 5 strides to each side
    _, scores, classes = decoded(answers)
    assert classes.tolist() == [2, 1, 0]
    np.testing.assert_allclose(scores, [0.7, 0.6, 0.5])


def test_the_same_object_in_neighbouring_cells_is_one_object():
    answers = nanodet_answers([(8, 5, 0, 0.9, 3), (8, 6, 0, 0.8, 3), (8, 6, 1, 0.7, 3)])
    assert decoded(answers)[2].tolist() == [0, 1]


def test_boxes_are_in_pixels_of_the_picture_and_inside_it():
    letterbox = InputRule(fixed_size=(SIDE, SIDE)).letterbox((640, 320))
    boxes, _, _ = decoded(nanodet_answers([(32, 0, 0, 0.9, 2)]), letterbox=letterbox)
    np.testing.assert_allclose(boxes, [[0, 0, 640, 320]], atol=1e-3)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["cls_s8", "reg_s8"])
def test_numbers_that_are_none_find_nothing(name, number):
    answers = nanodet_answers([(8, 5, 0, 0.9, 1)])
    answers[name][:] = number
    assert len(decoded(answers)[1]) == 0


def test_bins_that_do_not_fall_into_four_sides_are_refused():
    answers = nanodet_answers([])
    answers["reg_s16"] = np.zeros((4, 42), np.float32)
    with pytest.raises(InferenceError, match=r"side_bins_\d+: 42 channels; allowed: 4 sides"):
        decoded(answers)


def test_a_flood_of_candidates_is_bounded():
    answers = nanodet_answers([], classes=80)
    for stride in (8, 16, 32):
        answers[f"cls_s{stride}"][:] = 0.9
    boxes, _, _ = decoded(answers)
    assert 0 < len(boxes) <= 1000

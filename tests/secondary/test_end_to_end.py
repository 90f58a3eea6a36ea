import numpy as np
import pytest

from posestream.errors import InferenceError
from posestream.geometry import InputRule
from posestream.secondary.end_to_end import EndToEndDecoder

LETTERBOX = InputRule(fixed_size=(64, 64), centered=True, pad_value=114).letterbox((128, 64))


def decoded(rows, *, classes=2, threshold=0.3):
    maps = {"detections": np.array([rows], np.float32).reshape(1, -1, 6)}
    [found] = EndToEndDecoder(threshold=threshold, classes=classes).decode(maps, [LETTERBOX])
    return found


def test_rows_become_objects_of_the_picture_best_first():
    boxes, scores, classes = decoded([[0, 16, 32, 48, 0.5, 1], [32, 32, 64, 48, 0.75, 0]])
    assert (scores.tolist(), classes.tolist()) == ([0.75, 0.5], [0, 1])
    np.testing.assert_allclose(boxes, [[64, 32, 128, 64], [0, 0, 64, 64]], atol=1e-4)


def test_rows_under_the_threshold_are_filling_whatever_they_hold():
    assert len(decoded([[0, 0, 0, 0, 0, -1], [1, 20, 9, 30, 0.2, 99]])[1]) == 0


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_number_that_is_none_finds_nothing(place, number):
    row = [0, 16, 32, 48, 0.5, 1]
    row[place] = number
    assert len(decoded([row])[1]) == 0


def test_a_class_without_a_label_is_refused():
    with pytest.raises(InferenceError, match=r"class 2 is not allowed; allowed: 0 to 1"):
        decoded([[0, 16, 32, 48, 0.5, 2]])


def test_a_negative_class_is_refused_also_without_labels():
    assert decoded([[0, 16, 32, 48, 0.5, 900]], classes=0)[2].tolist() == [900]
    with pytest.raises(InferenceError, match=r"class -1 is not allowed; allowed: from 0"):
        decoded([[0, 16, 32, 48, 0.5, -7]], classes=0)


def test_no_rows_find_nothing():
    assert len(decoded([])[1]) == 0

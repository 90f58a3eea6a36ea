import numpy as np
import pytest

from posestream.errors import InferenceError
from posestream.secondary.classes import best_classes

NAMES = ("red", "green", "blue")


def best(scores, *, activation="none", threshold=0.5, keep=None):
    array = np.array(scores, np.float32)
    mask = None if keep is None else np.isin(NAMES, keep)
    return best_classes(array, activation=activation, threshold=threshold, names=NAMES, keep=mask)


def test_the_surest_class_is_the_label():
    found = best([[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]])
    assert found.labels == ["green", "red"]
    np.testing.assert_allclose(found.scores, [0.8, 0.9])


def test_softmax_shares_confidence_between_classes_also_for_large_numbers():
    found = best([[1000, 1000, 999]], activation="softmax", threshold=0.1)
    assert found.scores[0] == pytest.approx(1 / (2 + np.exp(-1)), abs=1e-5)


def test_sigmoid_judges_each_class_alone():
    found = best([[-900, 0, 2]], activation="sigmoid")
    assert found.labels == ["blue"]
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-5)


def test_nobody_gets_a_label_that_is_not_sure_enough():
    found = best([[0.4, 0.3, 0.3]])
    assert found.labels == [None]
    assert found.scores.tolist() == [0]


def test_the_threshold_itself_is_enough():
    assert best([[0.5, 0.25, 0.25]]).labels == ["red"]


def test_a_label_that_is_not_kept_is_no_label():
    assert best([[0.9, 0.1, 0], [0, 0.9, 0.1]], keep=["green"]).labels == [None, "green"]


@pytest.mark.parametrize("activation", ["none", "softmax", "sigmoid"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_row_with_a_number_that_is_none_gets_no_label(activation, number):
    found = best([[number, 1, 0], [0, 0, 1]], activation=activation, threshold=0.1)
    assert found.labels == [None, "blue"]


def test_logits_taken_for_confidences_are_refused():
    with pytest.raises(InferenceError, match=r"class_scores: -2 to 7 with activation 'none'"):
        best([[-2, 7, 0]])


def test_no_pictures_give_no_labels():
    assert len(best(np.zeros((0, 3)))) == 0

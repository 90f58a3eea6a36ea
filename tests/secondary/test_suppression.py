import numpy as np

from posestream.geometry import InputRule
from posestream.secondary.suppression import in_picture, overlaps, suppressed, sure_objects


def objects(boxes, scores, classes=None):
    numbers = np.zeros(len(scores)) if classes is None else classes
    return (
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.array(numbers, np.int64),
    )


def test_overlap_is_intersection_over_union():
    first = np.array([[0, 0, 2, 2], [0, 0, 1, 1]], np.float32)
    second = np.array([[1, 0, 3, 2], [5, 5, 6, 6]], np.float32)
    np.testing.assert_allclose(overlaps(first, second), [[1 / 3, 0], [0, 0]], atol=1e-6)


def test_boxes_that_are_none_overlap_nothing():
    strange = np.array([[np.nan] * 4, [-np.inf, 0, np.inf, 1], [2, 2, 1, 1]], np.float32)
    assert overlaps(strange, strange).tolist() == [[0] * 3] * 3


def test_the_best_of_a_heap_stays():
    found = objects([[0, 0, 10, 10], [1, 0, 11, 10], [40, 0, 50, 10]], [0.9, 0.8, 0.7])
    assert suppressed(found, max_overlap=0.5)[1].tolist() == np.float32([0.9, 0.7]).tolist()


def test_objects_of_different_kinds_may_lie_in_one_place():
    found = objects([[0, 0, 10, 10]] * 2, [0.9, 0.8], [0, 1])
    assert len(suppressed(found, max_overlap=0.5)[1]) == 2


def test_nothing_is_suppressed_to_nothing():
    assert len(suppressed(objects([], []), max_overlap=0.5)[1]) == 0


def test_what_is_sure_comes_best_first_and_the_threshold_is_enough():
    boxes = [[0, 0, 1, 1]] * 4
    _, scores, classes = sure_objects(*objects(boxes, [0.5, 0.9, 0.4, 3], range(4)), threshold=0.5)
    assert classes.tolist() == [3, 1, 0]
    assert scores.tolist() == np.float32([1, 0.9, 0.5]).tolist()


def test_what_is_no_box_or_no_score_is_left_out():
    boxes = [[0, 0, np.nan, 1], [0, 0, np.inf, 1], [1, 0, 1, 1], [0, 2, 1, 1], [0, 0, 1, 1]]
    found = sure_objects(*objects(boxes, [0.9, 0.9, 0.9, 0.9, np.nan]), threshold=0.1)
    assert len(found[1]) == 0


def test_a_score_of_nought_is_never_enough():
    assert len(sure_objects(*objects([[0, 0, 1, 1]], [0]), threshold=0)[1]) == 0


def test_boxes_go_back_to_their_picture_and_end_at_its_edge():
    letterbox = InputRule(fixed_size=(40, 40), centered=True).letterbox((200, 100))
    inputs = np.array([[10, 15, 20, 25], [-5, 0, 50, 40]], np.float32)
    np.testing.assert_allclose(
        in_picture(inputs, letterbox), [[50, 25, 100, 75], [0, 0, 200, 100]], atol=1e-4
    )

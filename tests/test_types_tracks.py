import numpy as np
import pytest

from posestream.types import Poses, Tracks

TWO = Poses(
    np.zeros((2, 3, 2), np.float32),
    np.ones((2, 3), np.float32),
    np.ones(2, np.float32),
    np.zeros((2, 4), np.float32),
)


def test_tracks_have_no_filled_keypoints_unless_somebody_filled_them():
    tracks = Tracks(TWO, np.array([4, -1]))
    assert not tracks.filled.any()
    assert tracks.filled.shape == (2, 3)
    assert len(tracks) == 2


def test_a_mask_selects_people_with_all_that_is_known_of_them():
    filled = np.array([[True, False, False], [False, False, True]])
    tracks = Tracks(TWO, np.array([4, 7]), filled)[np.array([False, True])]
    assert tracks.ids.tolist() == [7]
    assert tracks.filled.tolist() == [[False, False, True]]


def test_arrays_that_disagree_about_people_or_keypoints_are_refused():
    with pytest.raises(ValueError, match="ids"):
        Tracks(TWO, np.array([1]))
    with pytest.raises(ValueError, match="filled"):
        Tracks(TWO, np.array([1, 2]), np.zeros((2, 2), bool))


def test_people_who_lie_one_after_the_other_are_split_by_rows():
    everyone = Poses(
        np.arange(30, dtype=np.float32).reshape(5, 3, 2),
        np.ones((5, 3), np.float32),
        np.arange(5, dtype=np.float32),
        np.zeros((5, 4), np.float32),
    )
    last, nobody, first = Poses.split(everyone, [(3, 5), (2, 2), (0, 2)])
    assert last.scores.tolist() == [3, 4]
    assert len(nobody) == 0
    assert nobody.keypoints.shape == (0, 3, 2)
    np.testing.assert_array_equal(first.keypoints, everyone[:2].keypoints)

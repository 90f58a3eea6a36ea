import numpy as np
import pytest
from tracking_stories import standing, without

from posestream.tracking import between
from posestream.types import Poses, Tracks


def named(*ids, at=(), poses=None) -> Tracks:
    poses = standing(*at) if poses is None else poses
    return Tracks(poses, np.array(ids, np.int64))


def test_people_are_halfway_between_two_frames():
    before, after = named(3, at=[(100, 600)]), named(3, at=[(200, 640)])
    halfway = between(before, after, 0.5)
    expected = standing((150, 620))
    np.testing.assert_allclose(halfway.poses.keypoints, expected.keypoints, atol=1e-3)
    np.testing.assert_allclose(halfway.poses.boxes, expected.boxes, atol=1e-3)
    assert halfway.ids.tolist() == [3]
    assert not halfway.filled.any()


def test_people_are_matched_by_identity_not_by_row():
    before = named(0, 1, at=[(100, 600), (900, 600)])
    after = named(1, 0, at=[(940, 600), (140, 600)])
    tracks = between(before, after, 0.25)
    middles = dict(
        zip(tracks.ids.tolist(), tracks.poses.boxes[:, [0, 2]].mean(axis=1), strict=True)
    )
    start = before.poses.boxes[:, [0, 2]].mean(axis=1)
    assert middles[0] == pytest.approx(start[0] + 10, abs=0.01)
    assert middles[1] == pytest.approx(start[1] + 10, abs=0.01)


@pytest.mark.parametrize("fraction", [0.0, 1.0])
def test_at_its_ends_it_is_the_frames_themselves(fraction):
    before, after = named(0, at=[(100, 600)]), named(0, at=[(200, 600)])
    same = between(before, after, fraction).poses
    end = (before, after)[int(fraction)].poses
    np.testing.assert_array_equal(same.keypoints, end.keypoints)
    np.testing.assert_array_equal(same.scores, end.scores)


@pytest.mark.parametrize(("fraction", "ids"), [(0.4, [0, 1]), (0.6, [0, 2])])
def test_people_of_one_frame_are_there_in_its_half(fraction, ids):
    before = named(0, 1, at=[(100, 600), (500, 600)])
    after = named(0, 2, at=[(120, 600), (900, 600)])
    assert sorted(between(before, after, fraction).ids.tolist()) == ids


def test_people_without_identity_are_not_mixed_up():
    before, after = named(-1, at=[(100, 600)]), named(-1, at=[(900, 600)])
    tracks = between(before, after, 0.25)
    np.testing.assert_array_equal(tracks.poses.keypoints, before.poses.keypoints)


def test_a_keypoint_of_one_frame_stays_and_is_marked():
    whole = standing((100, 600))
    before = named(0, poses=without(whole, "nose", "left_eye"))
    after = named(0, poses=without(whole, "left_eye"))
    tracks = between(before, after, 0.25)
    np.testing.assert_allclose(tracks.poses.keypoints[0, 0], whole.keypoints[0, 0])
    assert np.flatnonzero(tracks.filled[0]).tolist() == [0]
    assert np.isnan(tracks.poses.keypoints[0, 1]).all()
    assert tracks.poses.keypoint_scores[0, 1] == 0


def test_nobody_lies_between_empty_frames():
    empty = Tracks.untracked(Poses.empty(17))
    assert len(between(empty, empty, 0.5)) == 0


def test_what_cannot_be_interpolated_is_refused():
    one = named(0, at=[(100, 600)])
    with pytest.raises(ValueError, match=r"fraction: 1\.5 is not in 0 to 1"):
        between(one, one, 1.5)
    with pytest.raises(ValueError, match="frames of 17 and 3 keypoints"):
        between(one, Tracks.untracked(Poses.empty(3)), 0.5)

import numpy as np
import pytest
from tracking_stories import standing, times, without

from posestream.tracking import PoseSmoother
from posestream.types import Poses, Tracks


def trembling(poses: Poses, rng: np.random.Generator, spread: float) -> Tracks:
    points = poses.keypoints + rng.normal(0, spread, poses.keypoints.shape).astype(np.float32)
    shaken = Poses(points, poses.keypoint_scores, poses.scores, poses.boxes)
    return Tracks(shaken, np.arange(len(poses), dtype=np.int64))


def test_people_who_stand_still_tremble_less_than_half_as_much():
    smoother, rng, truth = PoseSmoother(), np.random.default_rng(0), standing((300, 600))
    raw, smooth = [], []
    for t in times(10):
        shaken = trembling(truth, rng, 0.003 * 300)
        raw.append(shaken.poses.keypoints - truth.keypoints)
        smooth.append(smoother.update(shaken, t).poses.keypoints - truth.keypoints)
    assert np.std(smooth[60:]) < 0.5 * np.std(raw[60:])


def test_people_who_run_are_hardly_behind():
    smoother, late = PoseSmoother(), []
    for t in times(2):
        truth = standing((100 + 450 * t, 600))  # one and a half heights a second
        smooth = smoother.update(Tracks(truth, np.zeros(1, np.int64)), t)
        late.append(np.mean(truth.keypoints[..., 0] - smooth.poses.keypoints[..., 0]) / 450)
    assert 0 <= max(late[30:]) < 0.015


def test_a_person_far_away_is_smoothed_like_one_near_by():
    def still(height):
        smoother, rng, truth = (
            PoseSmoother(),
            np.random.default_rng(0),
            standing((300, 600), height=height),
        )
        out = [
            smoother.update(trembling(truth, rng, 0.003 * height), t).poses.keypoints
            for t in times(4)
        ]
        return (np.array(out) - truth.keypoints) / height

    np.testing.assert_allclose(still(60.0), still(480.0), atol=2e-5)


def test_identities_are_smoothed_apart_whatever_their_row():
    one, two = standing((300, 600)), standing((900, 600))
    both = standing((300, 600), (900, 600))
    smoother = PoseSmoother()
    smoother.update(Tracks(both, np.array([7, 4])), 0.0)
    swapped = smoother.update(Tracks(both[np.array([1, 0])], np.array([4, 7])), 0.03)
    np.testing.assert_allclose(swapped.poses.keypoints[0], two.keypoints[0], atol=0.01)
    np.testing.assert_allclose(swapped.poses.keypoints[1], one.keypoints[0], atol=0.01)


def test_people_without_identity_come_out_as_they_are():
    smoother = PoseSmoother()
    smoother.update(Tracks.untracked(standing((300, 600))), 0.0)
    moved = Tracks.untracked(standing((350, 600)))
    same = smoother.update(moved, 0.03)
    np.testing.assert_array_equal(same.poses.keypoints, moved.poses.keypoints)


def test_a_missing_keypoint_stays_missing_and_the_others_do_not_mind():
    smoother, ids = PoseSmoother(), np.zeros(1, np.int64)
    whole = standing((300, 600))
    smoother.update(Tracks(whole, ids), 0.0)
    gone = smoother.update(Tracks(without(whole, "nose"), ids), 0.03).poses
    assert np.isnan(gone.keypoints[0, 0]).all()
    np.testing.assert_allclose(gone.keypoints[0, 1:], whole.keypoints[0, 1:], atol=0.01)
    back = smoother.update(Tracks(whole, ids), 0.06).poses
    np.testing.assert_allclose(back.keypoints, whole.keypoints, atol=0.01)


def test_somebody_who_comes_back_elsewhere_is_not_dragged_there():
    smoother, ids = PoseSmoother(), np.zeros(1, np.int64)
    smoother.update(Tracks(standing((300, 600)), ids), 0.0)
    there = standing((900, 600))
    smooth = smoother.update(Tracks(there, ids), 2.0)
    np.testing.assert_array_equal(smooth.poses.keypoints, there.keypoints)


def test_the_poses_given_are_never_changed():
    smoother, ids, poses = PoseSmoother(), np.zeros(1, np.int64), standing((300, 600))
    before = poses.keypoints.copy()
    smoother.update(Tracks(standing((320, 600)), ids), 0.0)
    smoother.update(Tracks(poses, ids), 0.03)
    np.testing.assert_array_equal(poses.keypoints, before)


def test_a_clock_that_goes_back_or_stands_is_no_trouble():
    smoother, ids = PoseSmoother(), np.zeros(1, np.int64)
    for t in (5.0, 5.0, 1.0, np.nan, 1.03):
        smooth = smoother.update(Tracks(standing((300, 600)), ids), t)
        np.testing.assert_allclose(
            smooth.poses.keypoints, standing((300, 600)).keypoints, atol=0.01
        )


def test_people_who_left_are_forgotten():
    smoother = PoseSmoother()
    for n in range(300):
        smoother.update(Tracks(standing((300, 600)), np.array([n])), float(n))
    assert len(smoother._ids) <= 16


@pytest.mark.parametrize("option", [{"cutoff_hz": 0}, {"opening": -1}, {"forget_s": np.nan}])
def test_options_that_make_no_sense_are_refused(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        PoseSmoother(**option)

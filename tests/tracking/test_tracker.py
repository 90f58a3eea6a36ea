import numpy as np
import pytest
from tracking_stories import FPS, SIZE, followed, id_at, standing, times, without

from posestream.topology import COCO_17, Topology
from posestream.tracking import PoseTracker, Tracked
from posestream.types import Poses, Tracks

HAND = Topology(name="hand", keypoints=("palm", "thumb_tip"), limbs=((0, 1),))


@pytest.fixture
def tracker() -> PoseTracker:
    return PoseTracker(COCO_17)


def test_everybody_in_the_first_frame_has_an_identity_at_once(tracker):
    tracked = tracker.update(standing((200, 600), (600, 600), (1000, 600)), 0.0)
    assert tracked.tracks.ids.tolist() == [0, 1, 2]
    assert tracked.rows.tolist() == [0, 1, 2]


def test_somebody_who_walks_keeps_the_identity(tracker):
    frames = followed(tracker, lambda t: [(100 + 250 * t, 600)], 4)
    assert {frame.tracks.ids.tolist()[0] for frame in frames} == {0}


def test_two_people_cross_and_stay_who_they_are(tracker):
    frames = followed(tracker, lambda t: [(200 + 200 * t, 600), (1000 - 200 * t, 640)], 4)
    assert {id_at(frame, 200 + 200 * n / FPS) for n, frame in enumerate(frames[:40])} == {0}
    assert {id_at(frame, 200 + 200 * n / FPS) for n, frame in enumerate(frames) if n > 80} == {0}
    assert frames[-1].tracks.ids.max() == 1


def test_two_people_meet_and_turn_back(tracker):
    def places(t):
        near = 300 * abs(1 - t / 2)
        return [(600 - near, 600), (680 + near, 600)]

    frames = followed(tracker, places, 4)
    assert (id_at(frames[-1], 300), id_at(frames[-1], 980)) == (0, 1)


def test_somebody_behind_a_pillar_for_a_second_comes_out_as_the_same(tracker):
    def places(t):
        return [] if 1 < t < 2 else [(300 + 150 * t, 600)]

    frames = followed(tracker, places, 3)
    assert frames[-1].tracks.ids.tolist() == [0]


def test_somebody_who_stops_behind_a_pillar_is_recognised_too(tracker):
    def places(t):
        return [] if 1 < t < 2 else [(300 + 150 * min(t, 1.2), 600)]

    assert followed(tracker, places, 3)[-1].tracks.ids.tolist() == [0]


def test_one_leaves_and_another_enters_elsewhere(tracker):
    def places(t):
        return [(900 + 300 * t, 600)] if t < 1 else [] if t < 1.4 else [(20 + 200 * (t - 1.4), 600)]

    frames = followed(tracker, places, 3)
    assert frames[0].tracks.ids.tolist() == [0]
    assert frames[-1].tracks.ids.tolist() == [1]


def test_a_newcomer_gets_an_identity_after_a_moment(tracker):
    frames = followed(tracker, lambda t: [(200, 600), *([(900, 600)] if t > 0.5 else [])], 1)
    seen = [id_at(frame, 900) for frame in frames[16:]]
    assert seen[0] == -1
    assert seen[6:] == [1] * len(seen[6:])


def test_a_ghost_of_one_frame_gets_none(tracker):
    followed(tracker, lambda t: [(200, 600)], 1)
    ghost = tracker.update(standing((200, 600), (900, 600)), 1.0)
    assert sorted(ghost.tracks.ids.tolist()) == [-1, 0]
    after = followed(tracker, lambda t: [(200, 600)], 1, begin_s=1.1)
    assert all(frame.tracks.ids.tolist() == [0] for frame in after)


def test_the_less_sure_a_pose_is_the_longer_until_it_is_believed(tracker):
    def first_seen(score):
        own = PoseTracker(COCO_17)
        own.update(standing((200, 600)), 0.0)
        for t in times(3, begin_s=0.1):
            poses = standing((900, 600), score=score)
            if own.update(poses, t).tracks.ids.max() >= 0 and t > 0.4:
                return t
        return np.inf

    assert first_seen(0.21) > first_seen(0.8)
    assert first_seen(0.1) == np.inf


def test_somebody_found_twice_is_one_person(tracker):
    for t in times(2):
        tracked = tracker.update(standing((400, 600), (404, 601)), t)
    assert tracked.tracks.ids.tolist() == [0, -1]


def test_a_weak_pose_goes_on_with_a_track(tracker):
    tracker.update(standing((400, 600)), 0.0)
    tracked = tracker.update(standing((405, 600), score=0.15), 0.04)
    assert tracked.tracks.ids.tolist() == [0]


def test_a_knock_at_the_camera_changes_nobody(tracker):
    def places(t):
        knock = 70 if t > 1 else 0
        return [(x + knock, 600 + 0.2 * knock) for x in (200, 330, 500, 640, 800)]

    frames = followed(tracker, places, 2)
    assert [id_at(frames[-1], x + 70) for x in (200, 330, 500, 640, 800)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("fps", [2, 5, 12.5, 60])
def test_any_frame_rate_will_do(fps):
    frames = followed(
        PoseTracker(COCO_17), lambda t: [(200 + 80 * t, 600), (1000 - 80 * t, 640)], 8, fps=fps
    )
    assert id_at(frames[-1], 200 + 80 * 8) == 0
    assert frames[-1].tracks.ids.max() == 1


def test_somebody_out_of_sight_is_shown_for_a_short_time_only():
    tracker = PoseTracker(COCO_17, bridge_s=0.5)
    followed(tracker, lambda t: [(300 + 150 * t, 600)], 1)
    frames = followed(tracker, lambda t: [], 1, begin_s=1)
    shown = [len(frame.tracks) for frame in frames]
    assert shown == [1] * sum(shown) + [0] * (len(shown) - sum(shown))
    assert 0.4 < sum(shown) / FPS < 0.6
    bridged = frames[3]
    assert bridged.rows.tolist() == [-1]
    assert bridged.tracks.ids.tolist() == [0]
    assert bridged.tracks.filled.all()
    middle = bridged.tracks.poses.boxes[0, [0, 2]].mean()
    assert middle == pytest.approx(300 + 150 * (1 + 3 / FPS), abs=12)
    scores = [frame.tracks.poses.scores[0] for frame in frames[: sum(shown)]]
    assert all(np.diff(scores) < 0)


def test_nobody_who_walks_out_of_the_picture_is_shown_outside():
    tracker = PoseTracker(COCO_17, bridge_s=2)
    followed(tracker, lambda t: [(1100 + 170 * t, 600)], 1)
    frames = followed(tracker, lambda t: [], 1, begin_s=1)
    assert len(frames[-1].tracks) == 0
    assert all((f.tracks.poses.boxes[:, [0, 2]].mean(axis=1) <= SIZE[0]).all() for f in frames)


def test_a_lost_keypoint_goes_with_its_limb_for_a_limited_time():
    tracker = PoseTracker(COCO_17, fill_s=0.5)
    wrist = COCO_17.keypoints.index("left_wrist")
    tracker.update(standing((300, 600)), 0.0)
    scores, filled = [], []
    for t in times(1, begin_s=1 / FPS):
        whole = standing((300 + 100 * t, 600))
        tracked = tracker.update(without(whole, "left_wrist"), t).tracks
        filled.append(bool(tracked.filled[0, wrist]))
        if filled[-1]:
            np.testing.assert_allclose(
                tracked.poses.keypoints[0, wrist], whole.keypoints[0, wrist], atol=2
            )
            scores.append(tracked.poses.keypoint_scores[0, wrist])
        else:
            assert np.isnan(tracked.poses.keypoints[0, wrist]).all()
            assert tracked.poses.keypoint_scores[0, wrist] == 0
        assert not np.delete(tracked.filled[0], wrist).any()
    assert 0.4 < sum(filled) / FPS < 0.6
    assert all(np.diff(scores) < 0)


def test_a_keypoint_never_found_is_never_filled(tracker):
    for t in times(1):
        tracked = tracker.update(without(standing((300, 600)), "nose", "left_ear"), t).tracks
    assert not tracked.filled.any()


def test_a_prediction_goes_on_where_people_walk(tracker):
    followed(tracker, lambda t: [(300 + 150 * t, 600)], 1)
    for later_s in (1.05, 1.4):
        tracks = tracker.predict(later_s, size=SIZE)
        assert tracks.ids.tolist() == [0]
        assert tracks.poses.boxes[0, [0, 2]].mean() == pytest.approx(300 + 150 * later_s, abs=12)
        assert tracks.poses.scores[0] == pytest.approx(0.8)
        assert not tracks.filled.any()
    assert len(tracker.predict(9.0)) == 0
    assert tracker.update(standing((460, 600)), 1.07).tracks.ids.tolist() == [0]


def test_time_that_goes_back_starts_the_clock_anew(tracker):
    followed(tracker, lambda t: [(300, 600), (900, 600)], 1, begin_s=100)
    frames = followed(tracker, lambda t: [(300, 600), (900, 600)], 1)
    assert frames[0].tracks.ids.tolist() == frames[-1].tracks.ids.tolist() == [0, 1]


def test_frames_at_the_same_time_are_no_trouble(tracker):
    for _ in range(5):
        tracked = tracker.update(standing((300, 600)), 1.0)
    assert tracked.tracks.ids.tolist() == [0]


def test_a_time_that_is_none_counts_as_a_frame_later(tracker):
    followed(tracker, lambda t: [(300, 600)], 1)
    assert tracker.update(standing((303, 600)), np.nan).tracks.ids.tolist() == [0]
    assert PoseTracker(COCO_17).update(standing((303, 600)), np.inf).tracks.ids.tolist() == [0]


def test_hours_without_anybody_leave_nothing_behind(tracker):
    followed(tracker, lambda t: [(300, 600)], 1)
    frames = followed(tracker, lambda t: [], 3600, begin_s=1, fps=1)
    assert not any(len(frame.tracks) for frame in frames[1:])
    later = followed(tracker, lambda t: [(300, 600)], 1, begin_s=4000)
    assert later[-1].tracks.ids.tolist() == [1]


def test_somebody_who_jumps_across_the_picture_is_somebody_else(tracker):
    frames = followed(tracker, lambda t: [(100, 600) if t < 1 else (1200, 600)], 2)
    assert (frames[0].tracks.ids.tolist(), frames[-1].tracks.ids.tolist()) == ([0], [1])


def test_two_hundred_people_are_told_apart(tracker):
    rng = np.random.default_rng(1)
    grid = [(60.0 * i, 80.0 + 70.0 * j) for i in range(20) for j in range(10)]
    for t in times(0.5):
        places = [(x + 20 * t + rng.normal(0, 0.3), y) for x, y in grid]
        tracked = tracker.update(standing(*places, height=60), t)
    assert sorted(tracked.tracks.ids.tolist()) == list(range(200))
    order = tracked.rows.argsort()
    assert tracked.tracks.ids[order].tolist() == list(range(200))


def test_the_same_frames_give_the_same_identities():
    def story():
        tracker = PoseTracker(COCO_17)
        frames = followed(tracker, lambda t: [(200 + 200 * t, 600), (1000 - 200 * t, 620)], 3)
        return [frame.tracks for frame in frames]

    for one, other in zip(story(), story(), strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.poses.keypoints, other.poses.keypoints)


def test_a_topology_of_two_keypoints_without_sigmas_is_tracked():
    tracker = PoseTracker(HAND)
    points = np.array([[[10, 10], [40, 60]], [[300, 10], [340, 60]]], np.float32)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    found = np.full((2, 2), 0.9, np.float32)
    for t in times(1):
        poses = Poses(points + np.float32(30 * t), found, found[:, 0], boxes + np.float32(30 * t))
        tracked = tracker.update(poses, t)
    assert tracked.tracks.ids.tolist() == [0, 1]


def test_poses_of_another_topology_are_refused(tracker):
    with pytest.raises(ValueError, match="poses of 2 keypoints, topology of 17"):
        tracker.update(Poses.empty(2), 0.0)


@pytest.mark.parametrize("name", ["confirm_s", "remember_s", "new_score", "half_life_s"])
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_options_that_make_no_sense_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name}: .* is not a number from 0 on"):
        PoseTracker(COCO_17, **{name: value})


def test_scores_that_would_vanish_at_once_are_refused():
    with pytest.raises(ValueError, match="half_life_s: 0"):
        PoseTracker(COCO_17, half_life_s=0)


def test_rows_and_people_must_agree():
    with pytest.raises(ValueError, match="rows"):
        Tracked(Tracks.untracked(standing((1, 2))), np.zeros(2, np.int64))

"""Whatever a network or a clock says, a tracker answers with valid people."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from posestream.topology import Topology
from posestream.tracking import PoseSmoother, PoseTracker, between
from posestream.types import Poses

TRIANGLE = Topology("triangle", ("a", "b", "c"), ((0, 1), (1, 2)))
ANY = st.floats(width=32)
NEAR = st.floats(-50, 2000, width=32)
NUMBERS = st.one_of(NEAR, ANY)
TIMES = st.one_of(st.floats(0, 60), st.floats())


@st.composite
def some_poses(draw, scores=ANY) -> Poses:
    count = draw(st.integers(0, 4))
    return Poses(
        draw(hnp.arrays(np.float32, (count, 3, 2), elements=NUMBERS)),
        draw(hnp.arrays(np.float32, (count, 3), elements=scores)),
        draw(hnp.arrays(np.float32, (count,), elements=scores)),
        draw(hnp.arrays(np.float32, (count, 4), elements=NUMBERS)),
    )


def check(tracks) -> None:
    poses, known = tracks.poses, tracks.ids[tracks.ids >= 0]
    assert len(set(known.tolist())) == len(known)
    assert np.isfinite(poses.scores).all()
    assert np.isfinite(poses.boxes).all()
    assert np.isfinite(poses.keypoint_scores).all()
    missing = np.isnan(poses.keypoints).any(axis=2)
    np.testing.assert_array_equal(missing, poses.keypoint_scores == 0)
    assert not (tracks.filled & missing).any()
    assert (np.diff(poses.scores) <= 0).all()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(some_poses(), TIMES), max_size=8), TIMES)
def test_any_frames_at_any_times_give_valid_people(frames, later_s):
    tracker = PoseTracker(TRIANGLE, bridge_s=1.0)
    smoother = PoseSmoother()
    seen: set[int] = set()
    with np.errstate(all="ignore"):
        for poses, time_s in frames:
            tracked = tracker.update(poses, time_s, size=(1280, 720))
            check(tracked.tracks)
            rows = tracked.rows[tracked.rows >= 0]
            assert sorted(rows.tolist()) == list(range(len(poses)))
            seen |= set(tracked.tracks.ids.tolist()) - {-1}
            smooth = smoother.update(tracked.tracks, time_s)
            assert smooth.poses.keypoints.shape == tracked.tracks.poses.keypoints.shape
        check(tracker.predict(later_s))
    assert seen == set(range(len(seen)))


@settings(max_examples=60, deadline=None)
@given(some_poses(), some_poses(), st.floats(0, 1))
def test_any_two_frames_have_a_frame_between(before, after, fraction):
    tracker = PoseTracker(TRIANGLE)
    with np.errstate(all="ignore"):
        first, second = tracker.update(before, 0.0).tracks, tracker.update(after, 0.1).tracks
        check(between(first, second, fraction))

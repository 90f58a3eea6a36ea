import itertools

import numpy as np
import pytest
from acting import (
    LIE,
    RAISED,
    SIT,
    STAND,
    STOOP,
    act,
    dance,
    jump,
    play,
    run,
    walk,
    wave,
)

from posestream.analytics.activities import ActivityRecogniser
from posestream.topology import COCO_17
from posestream.types import Poses, Tracks


def tracks(poses: Poses, *ids: int) -> Tracks:
    return Tracks(poses, np.array(ids or range(len(poses)), np.int64))


def watch(frames):
    """Return every segment of a person's frames, in order."""
    recogniser, segments = ActivityRecogniser(COCO_17, stream="hall"), []
    for time_s, poses in frames:
        segments += recogniser.update(tracks(poses), pts_s=time_s)
    return segments + recogniser.finish()


def still(posture):
    return lambda _: posture


@pytest.mark.parametrize("fps", [8, 15, 30])
@pytest.mark.parametrize(
    ("activity", "posture"),
    [
        ("standing", still(STAND)),
        ("sitting", still(SIT)),
        ("lying", still(LIE)),
        ("bending", still(STOOP)),
        ("raised_hands", still(RAISED)),
        ("walking", walk),
        ("running", run),
        ("jumping", jump),
        ("waving", wave),
        ("lively", dance),
    ],
)
def test_an_activity_is_recognised(activity, posture, fps):
    segments = watch(play(posture, 6, fps=fps, shake=0.5))
    longest = max(segments, key=lambda segment: segment.end_s - segment.start_s)
    assert longest.activity == activity
    assert longest.end_s - longest.start_s > 4
    assert longest.confidence > 0.6


@pytest.mark.parametrize("stature", [80, 300, 1200])
def test_size_does_not_matter(stature):
    for activity, posture in [("walking", walk), ("sitting", still(SIT)), ("waving", wave)]:
        segments = watch(play(posture, 4, stature=stature))
        assert max(segments, key=lambda s: s.end_s - s.start_s).activity == activity


def test_a_day_is_told_in_segments():
    story = [(0, STAND), (4, STAND), (5, SIT), (10, SIT), (11.5, LIE), (18, LIE)]
    segments = watch(act(story, shake=0.5))
    told = [s.activity for s in segments if s.end_s - s.start_s > 1.2]
    assert told == ["standing", "sitting", "lying"]
    standing, sitting, lying = (s for s in segments if s.end_s - s.start_s > 1.2)
    assert 4 < standing.end_s < 5.5
    assert 4 < sitting.start_s < 5.5
    assert 10 < lying.start_s < 11.8
    assert lying.end_s == pytest.approx(18, abs=0.15)


def test_segments_of_a_person_do_not_overlap():
    story = [
        (0, STAND),
        (2, STAND),
        (3, SIT),
        (5, SIT),
        (6, STAND),
        (8, STAND),
        (9, STOOP),
        (11, STAND),
    ]
    segments = watch(act(story, shake=2))
    for first, second in itertools.pairwise(segments):
        assert first.start_s <= first.end_s
        assert second.start_s >= first.start_s


def test_somebody_who_leaves_ends_what_they_did():
    recogniser, ended = ActivityRecogniser(COCO_17), []
    for time_s, poses in play(still(SIT), 8):
        here = tracks(poses, 5) if time_s < 4 else tracks(Poses.empty(17))
        ended += recogniser.update(here, pts_s=time_s)
    [segment] = ended
    assert (segment.track, segment.activity) == (5, "sitting")
    assert segment.end_s == pytest.approx(4, abs=0.2)
    assert recogniser.current == {}


def test_what_goes_on_can_be_asked_for():
    recogniser = ActivityRecogniser(COCO_17)
    for time_s, poses in play(walk, 3):
        recogniser.update(tracks(poses, 2), pts_s=time_s)
    assert recogniser.current[2].activity == "walking"
    assert recogniser.current[2].end_s == pytest.approx(3, abs=0.15)


def test_two_people_do_two_things():
    recogniser = ActivityRecogniser(COCO_17)
    frames = zip(play(walk, 4), play(still(SIT), 4, left=900), strict=True)
    for (time_s, one), (_, other) in frames:
        both = Poses(
            *(
                np.concatenate([getattr(one, name), getattr(other, name)])
                for name in ("keypoints", "keypoint_scores", "scores", "boxes")
            )
        )
        recogniser.update(tracks(both, 3, 8), pts_s=time_s)
    doing = {track: segment.activity for track, segment in recogniser.current.items()}
    assert doing == {3: "walking", 8: "sitting"}


def test_a_stream_that_begins_anew_ends_everything():
    recogniser, ended = ActivityRecogniser(COCO_17), []
    for _ in range(2):
        for time_s, poses in play(still(SIT), 3):
            ended += recogniser.update(tracks(poses), pts_s=time_s)
    assert [segment.activity for segment in ended] == ["sitting"]


def test_a_segment_is_plain_json():
    [segment] = watch(play(still(SIT), 3))
    told = segment.to_dict()
    assert told["activity"] == "sitting"
    assert (told["stream"], told["id"], told["schema"]) == ("hall", 0, 1)


@pytest.mark.parametrize("missing", [np.nan, np.inf, 1e30, 0.0])
def test_odd_numbers_break_nothing(missing):
    random = np.random.default_rng(1)
    recogniser = ActivityRecogniser(COCO_17)
    for time_s, poses in play(walk, 4):
        poses.keypoints[random.random((1, 17)) < 0.6] = missing
        for segment in recogniser.update(tracks(poses), pts_s=time_s):
            assert 0 <= segment.confidence <= 1
    recogniser.finish()

"""Whatever comes in, nothing breaks, and what is not a fall is none."""

import numpy as np
from acting import LIE, SIT, STAND, act, poses_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posestream.analytics.falls import FallDetector
from posestream.topology import COCO_17
from posestream.types import Poses, Tracks

calm = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32 - 1)


def tracks(poses: Poses, ids=None) -> Tracks:
    return Tracks(poses, np.arange(len(poses)) if ids is None else np.array(ids, np.int64))


@calm
@given(
    seeds,
    st.lists(st.sampled_from([np.nan, np.inf, -1e30, 1e30, 0.0, -5.0, 333.0]), min_size=1),
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30),
)
def test_odd_numbers_and_odd_times_break_nothing(seed, values, times):
    random = np.random.default_rng(seed)
    detector = FallDetector(COCO_17)
    for time_s in times:
        people = int(random.integers(0, 5))
        poses = Poses(
            random.choice(np.array(values, np.float32), (people, 17, 2)),
            random.choice(np.array([0, 0.5, 1, np.nan], np.float32), (people, 17)),
            random.random(people, np.float32),
            random.choice(np.array(values, np.float32), (people, 4)),
        )
        ids = random.integers(-1, 4, people)
        for event in detector.update(tracks(poses, ids), pts_s=time_s):
            assert 0 <= event.confidence <= 1


@calm
@given(seeds, st.floats(0, 0.9), st.sampled_from([STAND, SIT]))
def test_missing_keypoints_are_no_fall(seed, share, posture):
    random = np.random.default_rng(seed)
    detector = FallDetector(COCO_17)
    for number in range(60):
        poses = poses_of([posture])
        gone = random.random((1, 17)) < share
        poses.keypoints[gone] = np.nan
        poses.keypoint_scores[gone] = 0
        assert detector.update(tracks(poses), pts_s=number / 15) == []


@calm
@given(seeds, st.sampled_from([STAND, SIT]))
def test_teleporting_people_are_no_fall(seed, posture):
    random = np.random.default_rng(seed)
    detector = FallDetector(COCO_17)
    for number in range(60):
        place = random.uniform(0, 700, 2)
        poses = poses_of([posture], left=place[0], ground=place[1])
        assert detector.update(tracks(poses), pts_s=number / 15) == []


@calm
@given(seeds)
def test_people_of_one_frame_are_no_fall(seed):
    random = np.random.default_rng(seed)
    detector = FallDetector(COCO_17)
    for number in range(60):
        points = random.uniform(0, 480, (3, 17, 2)).astype(np.float32)
        one = np.ones((3, 17), np.float32)
        poses = Poses(points, one, one[:, 0], np.zeros((3, 4), np.float32))
        ids = 3 * number + np.arange(3)
        detector.update(tracks(poses, ids), pts_s=number * 3.0)
    assert len(detector.states) <= 6


@calm
@given(st.lists(st.floats(0.2, 5), min_size=1, max_size=20), st.sampled_from([STAND, SIT]))
def test_a_picture_that_changes_its_size_is_no_fall(sizes, posture):
    detector = FallDetector(COCO_17)
    for number in range(80):
        scale = sizes[(number // 4) % len(sizes)]
        poses = poses_of([posture], stature=300 * scale, ground=440 * scale, left=320 * scale)
        size = (round(640 * scale), round(480 * scale))
        assert detector.update(tracks(poses), pts_s=number / 15, size=size) == []


@calm
@given(seeds, st.floats(0, 0.95))
def test_dropped_frames_are_no_fall(seed, share):
    random = np.random.default_rng(seed)
    detector = FallDetector(COCO_17)
    story = [(0, STAND), (2, STAND), (3, SIT), (5, SIT), (6, STAND), (8, STAND)]
    for time_s, poses in act(story, shake=2):
        if random.random() >= share:
            assert detector.update(tracks(poses), pts_s=time_s) == []


@calm
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40))
def test_times_that_stand_still_or_go_back_are_no_fall(steps):
    detector = FallDetector(COCO_17)
    time_s = 0.0
    for number, step in enumerate(steps):
        time_s += step if number % 3 else 0.0
        poses = poses_of([STAND if number % 2 else SIT])
        assert detector.update(tracks(poses), pts_s=time_s) == []


def test_a_stream_that_begins_anew_is_watched_anew():
    detector, events = FallDetector(COCO_17), []
    story = [(0, STAND), (2, STAND), (2.7, LIE), (5, LIE)]
    for _ in range(2):
        for time_s, poses in act(story):
            events += detector.update(tracks(poses), pts_s=time_s)
    assert [event.kind for event in events] == ["fall", "fall"]


def test_what_is_remembered_does_not_grow():
    detector = FallDetector(COCO_17)
    for number in range(3000):
        poses = poses_of([STAND.moved(x=n) for n in range(4)])
        detector.update(tracks(poses, 4 * (number // 10) + np.arange(4)), pts_s=number / 10)
    assert len(detector._roster.records) <= 128

import json

import numpy as np
from small_streams import picture

from posestream.runtime.meter import StreamMeter
from posestream.runtime.status import Histogram, StreamState, StreamStatus
from posestream.topology import COCO_17
from posestream.types import Poses, Result, Tracks

NOTHING = StreamStatus("s", "s.mp4", StreamState.RUNNING)


class Clock:
    """A clock that stands still until it is set."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def result(*, people: int = 0, inferred: bool = True) -> Result:
    shapes = ((people, 17, 2), (people, 17), (people,), (people, 4))
    poses = Poses(*(np.ones(shape, np.float32) for shape in shapes))
    return Result(
        "s", 0, 0.0, 0.0, picture(0).size, Tracks.untracked(poses), COCO_17, inferred=inferred
    )


def test_frames_people_and_drops_are_counted():
    meter = StreamMeter(clock=Clock())
    meter.read(99.0)
    meter.written(result(people=2), read_s=99.0)
    meter.written(result(people=2, inferred=False), read_s=99.5)
    meter.dropped()
    status = meter.fill(NOTHING)
    assert (status.frames, status.inferred, status.people, status.people_total) == (2, 1, 2, 2)
    assert (status.dropped, status.size, status.last_frame_age_s) == (1, (8, 8), 1.0)


def test_the_rate_is_that_of_the_last_seconds():
    clock = Clock()
    meter = StreamMeter(clock=clock)
    for _ in range(50):
        clock.now_s += 0.1
        meter.written(result(), read_s=clock.now_s)
    assert round(meter.fill(NOTHING).fps, 2) == 10
    clock.now_s += 2
    assert 4 < meter.fill(NOTHING).fps < 10
    clock.now_s += 10
    assert meter.fill(NOTHING).fps == 0


def test_latency_falls_into_buckets_with_quantiles():
    clock = Clock()
    meter = StreamMeter(clock=clock)
    for latency_s in [0.004] * 90 + [0.09] * 9 + [60.0]:
        meter.written(result(), read_s=clock.now_s - latency_s)
    latency = meter.fill(NOTHING).latency
    assert latency.count == 100
    assert latency.quantile(0.5) == 0.005
    assert latency.quantile(0.95) == 0.1
    assert latency.quantile(1.0) == float("inf")
    assert round(latency.sum_s, 2) == round(90 * 0.004 + 9 * 0.09 + 60, 2)


def test_nothing_has_happened_at_first():
    status = StreamMeter().fill(NOTHING)
    assert (status.frames, status.fps, status.last_frame_age_s) == (0, 0.0, None)
    assert Histogram().quantile(0.99) == 0.0


def test_a_status_is_plain_json():
    values = json.loads(json.dumps(StreamMeter().fill(NOTHING).to_dict()))
    assert values["name"] == "s"
    assert values["state"] == "running"
    assert values["latency_p99_s"] == 0.0

"""What is read from two looks at a run."""

import math

import pytest

from posestream.gpu_bench.footprint import Footprint
from posestream.gpu_bench.windows import Sample, Window, errors_of
from posestream.runtime.status import LATENCY_BOUNDS_S, Histogram, StreamState, StreamStatus


def status(name: str = "a", **counts) -> StreamStatus:
    return StreamStatus(name, "clip.mp4", StreamState.RUNNING, **counts)


def histogram(**counts: int) -> Histogram:
    """``b2=5``: five in the third bucket."""
    places = [0] * (len(LATENCY_BOUNDS_S) + 1)
    for place, count in counts.items():
        places[int(place[1:])] = count
    return Histogram(tuple(places))


def window(before: list[StreamStatus], after: list[StreamStatus]) -> Window:
    return Window(
        Sample(100.0, tuple(before), Footprint(5.0, 1_000_000, None)),
        Sample(110.0, tuple(after), Footprint(6.0, 3_000_000, None)),
    )


def test_only_what_came_between_the_samples_counts():
    found = window(
        [status(frames=50, dropped=1), status("b", frames=10)],
        [status(frames=350, dropped=3), status("b", frames=110)],
    )
    assert (found.seconds, found.frames, found.dropped) == (10.0, (300, 100), (2, 0))
    assert found.fps == 40.0
    figures = found.figures()
    assert (figures["fps"], figures["fps_slowest_stream"]) == (40.0, 10.0)
    assert (figures["resident_mb"], figures["gpu_mb"]) == (3.0, None)


def test_people_are_counted_per_frame_that_was_looked_at():
    after = status(frames=20, inferred=10, people_total=35)
    assert window([status(inferred=5, people_total=10)], [after]).people_per_frame == 5.0
    assert window([status()], [status(frames=3)]).people_per_frame == 0.0


def test_a_latency_lies_within_its_bucket():
    before, after = status(latency=histogram(b0=7)), status(latency=histogram(b0=7, b1=10))
    found = window([before], [after])
    assert found.latency_s(0.5) == pytest.approx(0.0075)
    assert found.latency_s(1.0) == pytest.approx(0.01)


def test_a_latency_past_all_buckets_has_no_number():
    last = f"b{len(LATENCY_BOUNDS_S)}"
    found = window([status()], [status(latency=histogram(**{last: 1}))])
    assert math.isinf(found.latency_s(0.5))
    assert found.figures()["latency_p99_ms"] is None


def test_a_window_becomes_a_trial_of_a_density():
    trial = window([status()], [status(frames=297, dropped=3)]).trial(30.0)
    assert (trial.streams, trial.rate, trial.seconds) == (1, 30.0, 10.0)
    assert (trial.fps_mean, trial.dropped_share) == (29.7, 0.01)


def test_each_thing_that_is_wrong_is_told_once():
    gone = [status("a", error="gone"), status("b", error="gone"), status("c")]
    assert errors_of(gone) == ["gone"]

"""Run so many live streams through the real pipeline for a while, and measure them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

import numpy as np

from posestream.assembly_streams import input_streams
from posestream.config import Config
from posestream.density.clip import Clip
from posestream.density.trials import Trial
from posestream.errors import SourceError
from posestream.events import ActivitySegment
from posestream.inference.settings import usable_cores
from posestream.outputs import RunOutputs
from posestream.pipeline import stream_plan
from posestream.runtime.metrics import StageTime
from posestream.runtime.session import Source
from posestream.runtime.stopping import StopFlag
from posestream.runtime.stream import StreamPlan
from posestream.runtime.streams import StreamSet
from posestream.runtime.writing import Consumer
from posestream.serving.machine import process_use
from posestream.topology import Topology
from posestream.types import Frame, Result

_LOOK_EVERY_S = 0.05
_START_S = 60.0


class Stopwatch:
    """Hands frames on to a consumer and notes when each was done, and how long that took.

    Args:
        consumer: Takes the frames.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._noted: list[tuple[float, float]] = []

    @property
    def quick(self) -> bool:
        """Whether the consumer takes no time."""
        return self._consumer.quick

    def write(self, frame: Frame, result: Result) -> None:
        """Hand a frame on; its latency counts from when its source gave it."""
        self._consumer.write(frame, result)
        self._noted.append((time.monotonic(), time.time() - frame.wall_s))

    def finish(self, activities: Sequence[ActivitySegment]) -> None:
        """Hand on what people did until the end."""
        self._consumer.finish(activities)

    def close(self) -> None:
        """Finish what the consumer began."""
        self._consumer.close()

    def __len__(self) -> int:
        """Return how many frames were done so far."""
        return len(self._noted)

    def latencies_s(self, begun_s: float, ended_s: float) -> list[float]:
        """Return the latencies of the frames done between two moments of the monotonic clock."""
        return [taken for done_s, taken in tuple(self._noted) if begun_s <= done_s < ended_s]


def measure_streams(
    config: Config,
    clip: Clip,
    streams: StreamSet,
    topology: Topology,
    *,
    warm_up_s: float,
    seconds: float,
    stop: StopFlag,
) -> Trial | None:
    """Run the streams of a configuration, each of them the clip, and measure.

    Args:
        config: One input for each stream, in real time and over and over; what is written.
        clip: What the inputs play.
        streams: Where they are added, and removed from in the end; holds no others.
        topology: What the keypoints mean.
        warm_up_s: How long they run before it counts, seconds.
        seconds: How long is measured.
        stop: Ends the trial without a result.

    Returns:
        What was measured; None if it was stopped.

    Raises:
        PosestreamError: If a stream cannot be read or written.
    """
    inputs = input_streams(config)
    outputs = RunOutputs(config, inputs, clock=streams.clock, stop=stop)
    watches: dict[str, Stopwatch] = {}
    with ExitStack() as stack:
        outputs.open(topology, streams, estimator="")
        stack.callback(outputs.close)
        stack.callback(_remove_all, streams, [stream.name for stream in inputs])
        for stream in inputs:
            plan = stream_plan(stream, config, outputs, topology=topology)
            streams.add(replace(plan, open_consumer=_watched(plan, watches)))
            time.sleep(1 / (clip.rate * len(inputs)))  # cameras do not give frames in step
        started = _wait(lambda: _all_begun(watches, len(inputs)), streams, stop, _START_S)
        if stop.requested:
            return None
        if not started:
            raise SourceError(f"{clip.path}: {len(inputs)} streams of it did not begin in a minute")
        if not _wait_out(warm_up_s, streams, stop):
            return None
        in_order = [watches[stream.name] for stream in inputs]
        return _window(in_order, clip, streams, config.stream.interval, seconds=seconds, stop=stop)


def _window(
    watches: Sequence[Stopwatch],
    clip: Clip,
    streams: StreamSet,
    interval: int,
    *,
    seconds: float,
    stop: StopFlag,
) -> Trial | None:
    """Measure streams that run for a while."""
    use, begun_s = process_use(), time.monotonic()
    dropped, estimates = _dropped(streams), _estimates(streams)
    if not _wait_out(seconds, streams, stop):
        return None
    ended_s, used = time.monotonic(), process_use()
    calls = _estimates(streams)
    spent = StageTime(calls.calls - estimates.calls, calls.total_s - estimates.total_s)
    latencies = [watch.latencies_s(begun_s, ended_s) for watch in watches]
    together = np.concatenate(latencies)
    p50_s, p99_s = np.quantile(together, (0.5, 0.99)) if len(together) else (np.inf, np.inf)
    return Trial(
        streams=len(watches),
        interval=interval,
        rate=clip.rate,
        seconds=ended_s - begun_s,
        frames=tuple(len(one) for one in latencies),
        dropped=tuple(b - a for a, b in zip(dropped, _dropped(streams), strict=True)),
        latency_p50_s=float(p50_s),
        latency_p99_s=float(p99_s),
        estimate_s=spent.mean_ms / 1e3,
        cpu_share=(used.cpu_s - use.cpu_s) / (ended_s - begun_s) / usable_cores(),
        resident_bytes=used.resident_bytes,
    )


def _watched(plan: StreamPlan, watches: dict[str, Stopwatch]) -> Callable[[Source], Consumer]:
    """Return what opens a stream's consumer with a stopwatch around it."""

    def open_watched(source: Source) -> Consumer:
        return watches.setdefault(plan.name, Stopwatch(plan.open_consumer(source)))

    return open_watched


def _all_begun(watches: Mapping[str, Stopwatch], count: int) -> bool:
    return len(watches) == count and all(len(watch) for watch in tuple(watches.values()))


def _wait_out(seconds: float, streams: StreamSet, stop: StopFlag) -> bool:
    """Wait; return False if that was stopped."""
    _wait(lambda: False, streams, stop, seconds)
    return not stop.requested


def _wait(
    condition: Callable[[], bool], streams: StreamSet, stop: StopFlag, seconds: float
) -> bool:
    """Wait until something is so; return whether it is in time.

    Raises:
        PosestreamError: If a stream fails meanwhile.
    """
    until_s = time.monotonic() + seconds
    while not condition():
        left_s = until_s - time.monotonic()
        if stop.requested or left_s <= 0:
            return False
        streams.wait(min(_LOOK_EVERY_S, left_s))
        for error in streams.errors().values():
            raise error
    return True


def _dropped(streams: StreamSet) -> list[int]:
    return [status.dropped for status in streams.statuses()]


def _estimates(streams: StreamSet) -> StageTime:
    return streams.clock.report().get("estimate", StageTime(0, 0.0))


def _remove_all(streams: StreamSet, names: Sequence[str]) -> None:
    streams.stop_all()
    for name in names:
        if streams.status(name) is not None:
            streams.remove(name)

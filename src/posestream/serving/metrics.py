"""Statuses as Prometheus metrics; ``docs/how-to/operate.md`` has the table of names."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric

import posestream
from posestream.credentials import redacted
from posestream.runtime.status import LATENCY_BOUNDS_S, Histogram, StreamState, StreamStatus
from posestream.serving.gpus import GpuUse
from posestream.serving.machine import ProcessUse


class StageCost(Protocol):
    """What one stage of the pipeline cost so far."""

    @property
    def calls(self) -> int:
        """How often it ran."""
        ...

    @property
    def total_s(self) -> float:
        """Wall time spent in it, seconds."""
        ...


class _PerStream(NamedTuple):
    kind: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    help: str
    value: Callable[[StreamStatus], float | None]


_PER_STREAM = (
    _PerStream(CounterMetricFamily, "frames", "Frames written.", lambda s: s.frames),
    _PerStream(
        CounterMetricFamily,
        "inferred_frames",
        "Frames in which people were looked for.",
        lambda s: s.inferred,
    ),
    _PerStream(
        CounterMetricFamily,
        "dropped_frames",
        "Frames left out because the machine was behind.",
        lambda s: s.dropped,
    ),
    _PerStream(
        CounterMetricFamily, "corrupt_frames", "Damaged packets or frames.", lambda s: s.corrupt
    ),
    _PerStream(
        CounterMetricFamily,
        "reconnects",
        "Times the source was opened again.",
        lambda s: s.reconnects,
    ),
    _PerStream(CounterMetricFamily, "poses", "Poses found.", lambda s: s.people_total),
    _PerStream(GaugeMetricFamily, "people", "People in the latest frame.", lambda s: s.people),
    _PerStream(
        GaugeMetricFamily,
        "queue_depth",
        "Frames read and not yet written.",
        lambda s: s.queue_depth,
    ),
    _PerStream(GaugeMetricFamily, "fps", "Frames per second written lately.", lambda s: s.fps),
    _PerStream(
        GaugeMetricFamily,
        "last_frame_age_seconds",
        "Time since the latest frame was read.",
        lambda s: s.last_frame_age_s,
    ),
    _PerStream(
        GaugeMetricFamily,
        "stream_up",
        "1 while frames come.",
        lambda s: s.state is StreamState.RUNNING,
    ),
)


class StatusCollector:
    """Asks for statuses whenever it is scraped, so that nothing is counted twice.

    Args:
        streams: Returns every stream's status.
        stages: Returns the cost of each stage; ``None`` for none.
        estimator: What estimates the poses, in words.
        machine: Returns what the process takes.
        gpus: Returns what the GPUs are doing.
    """

    def __init__(
        self,
        *,
        streams: Callable[[], Sequence[StreamStatus]],
        stages: Callable[[], Mapping[str, StageCost]] | None,
        estimator: str,
        machine: Callable[[], ProcessUse],
        gpus: Callable[[], Sequence[GpuUse]],
    ) -> None:
        self._streams = streams
        self._stages = stages
        self._estimator = estimator
        self._machine = machine
        self._gpus = gpus

    def collect(self) -> Iterator[Metric]:
        """Yield every metric with its values now."""
        yield _build(self._estimator)
        yield from _stream_metrics(self._streams())
        if self._stages is not None:
            yield from _stage_metrics(self._stages())
        yield from _process_metrics(self._machine())
        yield from _gpu_metrics(self._gpus())


def exposition(collector: StatusCollector, accept: str) -> tuple[bytes, str]:
    """Return all metrics as text, and its media type.

    Args:
        collector: What to ask.
        accept: The scraper's ``Accept`` header, which chooses the version of the format.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector)
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


def _build(estimator: str) -> Metric:
    labels = {
        "version": posestream.__version__,
        "python": platform.python_version(),
        "estimator": redacted(estimator),
    }
    return InfoMetricFamily("posestream_build", "What is running.", value=labels)


def _stream_metrics(statuses: Sequence[StreamStatus]) -> Iterator[Metric]:
    names = [redacted(status.name) for status in statuses]
    for kind, name, text, value in _PER_STREAM:
        family = kind(f"posestream_{name}", text, labels=["stream"])
        for stream, status in zip(names, statuses, strict=True):
            number = value(status)
            if number is not None:
                family.add_metric([stream], float(number))
        yield family
    state = GaugeMetricFamily(
        "posestream_stream_state", "1 for the state a stream is in.", labels=["stream", "state"]
    )
    latency = HistogramMetricFamily(
        "posestream_latency_seconds",
        "Time from a frame's reading to its writing.",
        labels=["stream"],
    )
    for stream, status in zip(names, statuses, strict=True):
        for possible in StreamState:
            state.add_metric([stream, possible.value], float(status.state is possible))
        latency.add_metric([stream], _buckets(status.latency), status.latency.sum_s)
    yield from (state, latency)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Return Prometheus' buckets, each of which also counts those below it."""
    edges = [*(str(bound_s) for bound_s in LATENCY_BOUNDS_S), "+Inf"]
    return list(zip(edges, accumulate(histogram.counts), strict=True))


def _stage_metrics(stages: Mapping[str, StageCost]) -> Iterator[Metric]:
    seconds = CounterMetricFamily(
        "posestream_stage_seconds", "Wall time spent in a stage.", labels=["stage"]
    )
    calls = CounterMetricFamily(
        "posestream_stage_calls", "How often a stage ran.", labels=["stage"]
    )
    for stage, cost in stages.items():
        seconds.add_metric([stage], cost.total_s)
        calls.add_metric([stage], cost.calls)
    yield from (seconds, calls)


def _process_metrics(use: ProcessUse) -> Iterator[Metric]:
    yield CounterMetricFamily("process_cpu_seconds", "Processor time.", value=use.cpu_s)
    gauges = (
        ("process_resident_memory_bytes", "Main memory in use.", use.resident_bytes),
        ("process_threads", "Threads.", use.threads),
        ("process_open_fds", "Open files, sockets and pipes.", use.open_files),
    )
    for name, text, value in gauges:
        if value is not None:
            yield GaugeMetricFamily(name, text, value=value)


def _gpu_metrics(gpus: Sequence[GpuUse]) -> Iterator[Metric]:
    gauges: tuple[tuple[str, str, Callable[[GpuUse], float | None]], ...] = (
        ("utilization_ratio", "Share of time a kernel ran.", lambda g: g.busy),
        ("decoder_utilization_ratio", "Share of time video was decoded.", lambda g: g.decoder_busy),
        ("encoder_utilization_ratio", "Share of time video was encoded.", lambda g: g.encoder_busy),
        ("memory_used_bytes", "GPU memory in use.", lambda g: g.memory_used_bytes),
        ("memory_total_bytes", "GPU memory there is.", lambda g: g.memory_total_bytes),
    )
    for name, text, value in gauges if gpus else ():
        family = GaugeMetricFamily(f"posestream_gpu_{name}", text, labels=["gpu", "name"])
        for gpu in gpus:
            number = value(gpu)
            if number is not None:
                family.add_metric([str(gpu.index), gpu.name], number)
        yield family

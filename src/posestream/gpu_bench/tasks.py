"""Each figure as a function that a process of its own can run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posestream.config import Config
from posestream.density.clip import Clip, inspect_clip
from posestream.density.trials import Trial
from posestream.gpu_bench.alone import finding_alone, network_alone
from posestream.gpu_bench.apart import Tell
from posestream.gpu_bench.decoders import decoders_alone
from posestream.gpu_bench.footprint import footprint
from posestream.gpu_bench.latency import packet_to_pose
from posestream.gpu_bench.running import Watch, measure_run
from posestream.gpu_bench.windows import Sample, errors_of, megabytes
from posestream.models.registry import find_model
from posestream.runtime.stopping import StopFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long is measured, and where."""

    seconds: float
    """How long each figure is measured, seconds."""
    warm_up_s: float
    """How long streams run before it counts, seconds."""
    device: int | None
    """Index of the GPU; None without one."""
    sample_s: float = float("inf")
    """How often there is a sample in between, seconds."""


def streams_task(tell: Tell, config: Config, times: Times) -> dict[str, Any]:
    """Run streams and return what they did; tells a sample's figures each time there is one."""
    stop = StopFlag()
    free = footprint(device=times.device)

    def sampled(sample: Sample) -> None:
        tell(sample_figures(sample, begun_s=watch.samples[0].at_s))

    watch = Watch(
        stop,
        warm_up_s=times.warm_up_s,
        seconds=times.seconds,
        every_s=times.sample_s,
        device=times.device,
        tell=sampled,
    )
    window = measure_run(config, watch, stop)
    figures = window.figures() | {"opened_s": round(watch.opened_s, 1)}
    if free.gpu_bytes is not None and window.last.taken.gpu_bytes is not None:
        figures["gpu_mb"] = megabytes(window.last.taken.gpu_bytes - free.gpu_bytes)
    return figures


def trial_task(tell: Tell, config: Config, times: Times, clip: Clip) -> Trial:
    """Run live streams and return what a density is judged by."""
    stop = StopFlag()
    watch = Watch(stop, warm_up_s=times.warm_up_s, seconds=times.seconds, device=times.device)
    return measure_run(config, watch, stop).trial(clip.rate)


def decoders_task(
    tell: Tell, clip: Path, times: Times, streams: int, processes: int
) -> dict[str, Any]:
    """Measure the video decoder alone."""
    return decoders_alone(
        clip, device=times.device, streams=streams, processes=processes, seconds=times.seconds / 2
    )


def finding_task(
    tell: Tell, config: Config, clip: Path, times: Times, batches: Sequence[int]
) -> dict[str, Any]:
    """Measure the network alone, and finding people without streams."""
    card = find_model(config.estimator.model)
    alone = network_alone(
        card,
        config.estimator,
        device=times.device,
        batches=batches,
        seconds=times.seconds / 10,
    )
    found = finding_alone(config, clip, device=times.device, seconds=times.seconds / 2)
    return {"network_only": alone, **found}


def latency_task(tell: Tell, config: Config, clip: Path, times: Times) -> dict[str, Any]:
    """Measure from packet to people."""
    return packet_to_pose(
        config,
        clip,
        rate=inspect_clip(clip).rate,
        device=times.device,
        warm_up_s=times.warm_up_s,
        seconds=times.seconds,
    )


def sample_figures(sample: Sample, *, begun_s: float) -> dict[str, Any]:
    """Return a sample of a long run as plain JSON values.

    Args:
        sample: What is told.
        begun_s: When the run's first sample was taken, monotonic seconds.
    """
    return {
        "at_s": round(sample.at_s - begun_s, 1),
        "frames": sum(stream.frames for stream in sample.streams),
        "dropped": sum(stream.dropped for stream in sample.streams),
        "reconnects": sum(stream.reconnects for stream in sample.streams),
        "resident_mb": megabytes(sample.taken.resident_bytes),
        "gpu_mb": megabytes(sample.taken.gpu_bytes),
        "errors": errors_of(sample.streams)[:5],
    }

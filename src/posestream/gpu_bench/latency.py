"""From packet to people: one camera, frame by frame, through the same streams as in a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posestream.assembly import build_stream_set
from posestream.assembly_analysis import build_analysis
from posestream.config import Config
from posestream.density.measuring import Stopwatch
from posestream.errors import InferenceError
from posestream.events import ActivitySegment
from posestream.gpu_bench.packet_times import PacketTimedSource, picture_decoder, read_reel
from posestream.gpu_bench.windows import milliseconds
from posestream.runtime.stream import StreamPlan
from posestream.sources import Source
from posestream.types import Frame, Result

_NAME = "camera"
_OPENING_S = 300.0


class _Nobody:
    """Takes results and does nothing."""

    quick = True

    def write(self, frame: Frame, result: Result) -> None:
        pass

    def finish(self, activities: Sequence[ActivitySegment]) -> None:
        pass

    def close(self) -> None:
        pass


def packet_to_pose(
    config: Config,
    clip: Path,
    *,
    rate: float,
    device: int | None,
    warm_up_s: float,
    seconds: float,
) -> dict[str, Any]:
    """Measure how soon people are known after a packet came.

    Args:
        config: How people are found and followed; frames should not wait for a batch.
        clip: What the camera sends.
        rate: Frames per second of the camera.
        device: Index of the GPU that decodes; None for FFmpeg on the CPU.
        warm_up_s: How long it runs before it counts, seconds.
        seconds: How long is measured.

    Raises:
        PosestreamError: If the stream or the network fails.
    """
    watch, reel = Stopwatch(_Nobody()), read_reel(clip)
    estimator, _, streams = build_stream_set(config.estimator, config.sharing)

    def open_source() -> Source:
        decoder = picture_decoder(_NAME, reel.info, device=device)
        return PacketTimedSource(_NAME, reel.played(rate=rate), decoder)

    try:
        streams.add(
            StreamPlan(
                name=_NAME,
                open_source=open_source,
                open_consumer=lambda _: watch,
                logs_failure=False,
                analysis=lambda: build_analysis(config.analysis, estimator.topology, stream=_NAME),
            )
        )
        until_s = time.monotonic() + _OPENING_S
        while not len(watch) and time.monotonic() < until_s and not streams.errors():
            time.sleep(0.05)
        time.sleep(warm_up_s)
        begun_s = time.monotonic()
        time.sleep(seconds)
        for error in streams.errors().values():
            raise error
        latencies = watch.latencies_s(begun_s, time.monotonic())
        status = streams.statuses()[0]
    finally:
        streams.close()
    if not len(latencies):
        raise InferenceError(f"{clip}: no frame came in {seconds:g} s")
    p50_s, p99_s = np.quantile(latencies, (0.5, 0.99))
    return {
        "frames": len(latencies),
        "rate": rate,
        "p50_ms": milliseconds(float(p50_s)),
        "p99_ms": milliseconds(float(p99_s)),
        "dropped": status.dropped,
    }

"""A GPU of a known capacity, as the benchmark sees it."""

from __future__ import annotations

from typing import Any

from posestream.density.trials import Trial
from posestream.gpu_bench.tasks import trial_task

_SECONDS = 10.0


def sustained_up_to(capacity: int, *, fps: float, tried: list[int]) -> Any:
    """Return what answers for runs; counts of streams that are tried are noted."""

    def run(task, config, *arguments, tell, stop, timeout_s):
        if task is not trial_task:
            return {"fps": fps}
        count = len(config.input)
        tried.append(count)
        frames = 300 if count <= capacity else 200
        return Trial(
            streams=count,
            interval=1,
            rate=arguments[1].rate,
            seconds=_SECONDS,
            frames=(frames,) * count,
            dropped=(300 - frames,) * count,
            latency_p50_s=0.01,
            latency_p99_s=0.03,
            estimate_s=0.0,
            cpu_share=0.5,
            resident_bytes=None,
        )

    return run

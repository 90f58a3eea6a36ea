"""A density's figures as plain JSON values."""

from __future__ import annotations

import platform
from typing import Any

import posestream
from posestream.density.finding import Density, Series
from posestream.density.limits import Limits
from posestream.density.trials import (
    DROPPED_SHARE,
    KEPT_SHARE,
    Trial,
    latency_limit_s,
    shortfalls,
)
from posestream.inference.settings import usable_cores


def density_figures(density: Density) -> dict[str, Any]:
    """Return everything that was measured, with what it was measured on and against."""
    clip, limits = density.clip, density.limits
    bound_s = latency_limit_s(clip.rate, inference_s=limits.infer_s)
    return {
        "posestream": posestream.__version__,
        "machine": {
            "platform": platform.platform(),
            "processor": processor_name(),
            "usable_cores": usable_cores(),
        },
        "estimator": density.estimator,
        "clip": {
            "size": list(clip.size),
            "rate": clip.rate,
            "mbit_per_s": round(clip.bit_rate / 1e6, 2),
        },
        "bars": {
            "kept_share_of_rate": KEPT_SHARE,
            "dropped_share_below": DROPPED_SHARE,
            "latency_p99_ms": round(1e3 * bound_s, 1),
        },
        "alone": _limits(limits),
        "series": [_series(series, limits) for series in density.series],
    }


def processor_name() -> str:
    """Return what the processor is called; empty where the system does not tell."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0].strip() if names else platform.processor()


def _limits(limits: Limits) -> dict[str, float]:
    return {
        "decode_fps": round(limits.decode_fps, 1),
        "infer_fps": round(limits.infer_fps, 1),
        "infer_ms": round(1e3 * limits.infer_s, 2),
    }


def _series(series: Series, limits: Limits) -> dict[str, Any]:
    trials = sorted(series.trials, key=lambda trial: trial.streams)
    return {
        "interval": series.interval,
        "most_sustained": series.most,
        "complete": series.complete,
        "trials": [_trial(trial, limits) for trial in trials],
    }


def _trial(trial: Trial, limits: Limits) -> dict[str, Any]:
    reasons = shortfalls(trial, inference_s=limits.infer_s)
    resident = trial.resident_bytes
    return {
        "streams": trial.streams,
        "sustained": not reasons,
        "reasons": list(reasons),
        "seconds": round(trial.seconds, 2),
        "fps_min": round(trial.fps_min, 2),
        "fps_mean": round(trial.fps_mean, 2),
        "fps": [round(fps, 2) for fps in trial.fps],
        "dropped_share": round(trial.dropped_share, 4),
        "latency_p50_ms": _ms(trial.latency_p50_s),
        "latency_p99_ms": _ms(trial.latency_p99_s),
        "estimate_ms": round(1e3 * trial.estimate_s, 2),
        "cpu_share": round(trial.cpu_share, 3),
        "resident_mb": None if resident is None else round(resident / 1e6, 1),
    }


def _ms(seconds: float) -> float | None:
    """Return milliseconds; None where no frame came at all."""
    return round(1e3 * seconds, 1) if seconds != float("inf") else None

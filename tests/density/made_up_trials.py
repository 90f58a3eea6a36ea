"""Trials that nobody ran."""

from __future__ import annotations

from posestream.density.trials import Trial


def trial(streams: int = 2, **changes: object) -> Trial:
    """Return a trial of ten seconds in which nothing went wrong, but for what is given."""
    values: dict[str, object] = {
        "streams": streams,
        "interval": 1,
        "rate": 30.0,
        "seconds": 10.0,
        "frames": (300,) * streams,
        "dropped": (0,) * streams,
        "latency_p50_s": 0.02,
        "latency_p99_s": 0.05,
        "estimate_s": 0.02,
        "cpu_share": 0.5,
        "resident_bytes": 500_000_000,
        **changes,
    }
    return Trial(**values)  # type: ignore[arg-type]

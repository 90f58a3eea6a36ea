"""Check the settings of a backend and choose its threads."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from posestream.errors import ConfigError, suggestion

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def check_choice(key: str, value: str, allowed: Collection[str]) -> None:
    """Refuse a setting that is not one of a few.

    Raises:
        ConfigError: If it is not; the message names the nearest that is.
    """
    if value not in allowed:
        raise ConfigError(
            f"{key}: {value!r} is not allowed; allowed: {', '.join(allowed)}."
            f"{suggestion(value, allowed)}"
        )


def check_device(value: str) -> None:
    """Refuse what is not the name of a device.

    Raises:
        ConfigError: If it is not ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """
    if not re.fullmatch(r"auto|cpu|cuda(:\d{1,3})?", value):
        raise ConfigError(
            f"device: {value!r} is not allowed; allowed: auto, cpu, cuda, cuda:N."
            f"{suggestion(value, ('auto', 'cpu', 'cuda'))}"
        )


def threads_for(threads: int | None, streams: int) -> int:
    """Return how many threads a backend uses in all, by default one per usable core.

    Raises:
        ConfigError: If there are fewer threads than streams, or less than one of either.
    """
    if streams < 1:
        raise ConfigError(f"streams: {streams} is not allowed; allowed: 1 or more")
    if threads is None:
        return max(usable_cores(), streams)
    if threads < streams:
        raise ConfigError(
            f"threads: {threads} is not allowed with {streams} streams; allowed: {streams} or more"
        )
    return threads


def described(threads: int, streams: int) -> str:
    """Return ``2 threads, 1 stream`` and its like."""
    pairs = ((threads, "thread"), (streams, "stream"))
    return ", ".join(f"{count} {noun}{'s' * (count != 1)}" for count, noun in pairs)


def usable_cores() -> int:
    """Return how many cores this process may use: its affinity, or a container's quota if less."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota(_QUOTA) or cores))


def _quota(file: Path) -> int | None:
    """Return the whole cores that a control group grants, None where there is no limit."""
    try:
        limit, period = file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return None
    return max(1, int(limit) // int(period)) if limit != "max" else None

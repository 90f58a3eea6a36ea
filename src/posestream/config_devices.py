"""Which GPUs ``device`` names: ``cuda``, ``cuda:1``, ``cuda:0,cuda:1`` or ``cuda:all``."""

from __future__ import annotations

import re

from posestream.errors import ConfigError

_DEVICE = re.compile(r"auto|cpu|cuda(:all)?|cuda:\d{1,3}(,cuda:\d{1,3})*")
ALL_GPUS = "cuda:all"


def checked_name(device: str) -> str:
    """Return what may be a device; whether there is one is found out when it is used.

    Raises:
        ValueError: If it cannot be one.
    """
    if not _DEVICE.fullmatch(device):
        raise ValueError("must be auto, cpu, cuda, cuda:N, cuda:all or several as cuda:0,cuda:1")
    return device


def devices_of(device: str) -> tuple[str, ...]:
    """Return the GPUs that a device names, each as ``cuda:N``; none for ``auto`` and ``cpu``.

    Raises:
        ConfigError: If a GPU is named twice, or all are asked for and there is none.
        MissingDependencyError: If all are asked for and PyTorch, which counts them, is missing.
    """
    if not device.startswith("cuda"):
        return ()
    if device == ALL_GPUS:
        from posestream.gpu.libraries import gpu_count

        return tuple(f"cuda:{index}" for index in range(gpu_count()))
    found = tuple(f"cuda:{int(one.partition(':')[2] or 0)}" for one in device.split(","))
    if len(set(found)) < len(found):
        raise ConfigError(f"device: {device!r} names a GPU twice")
    return found


def gpu_of(device: str) -> str | None:
    """Return the only GPU that one process uses; None where the device is no GPU.

    Raises:
        ConfigError: If the device names more than one.
        MissingDependencyError: If all are asked for and PyTorch is missing.
    """
    found = devices_of(device)
    if len(found) > 1:
        raise ConfigError(
            f"device: {device!r} names {len(found)} GPUs, and one process uses one; "
            f"give processes as many or more, or one of {', '.join(found)}"
        )
    return found[0] if found else None

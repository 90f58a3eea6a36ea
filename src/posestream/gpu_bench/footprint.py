"""What a run takes of the machine, all of its processes together."""
# pyright: reportMissingImports=false

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from posestream.gpu.libraries import import_torch
from posestream.serving.machine import process_use

_PROC = Path("/proc")
_PARENT, _USER, _SYSTEM, _RESIDENT = 1, 11, 12, 21  # fields of /proc/N/stat after the name


@dataclass(frozen=True, slots=True)
class Footprint:
    """What is taken at one moment."""

    cpu_s: float
    """Processor time so far, seconds."""
    resident_bytes: int | None
    """Main memory; what processes share counts in each; ``None`` where the system does not tell."""
    gpu_bytes: int | None
    """Memory of the GPU that is not free, whoever has it; ``None`` without a GPU."""


def footprint(*, device: int | None) -> Footprint:
    """Measure this process and all that it started.

    Args:
        device: Index of the GPU; None without one.
    """
    processes = _family(os.getpid())
    gpu_bytes = None if device is None else used_gpu_bytes(device)
    if not processes:
        own = process_use()
        return Footprint(own.cpu_s, own.resident_bytes, gpu_bytes)
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    return Footprint(
        cpu_s=sum(one[_USER] + one[_SYSTEM] for one in processes) / ticks,
        resident_bytes=page * sum(one[_RESIDENT] for one in processes),
        gpu_bytes=gpu_bytes,
    )


def used_gpu_bytes(device: int) -> int:
    """Return how much of a GPU's memory is not free."""
    free, total = import_torch().cuda.mem_get_info(device)
    return total - free


def _family(root: int) -> list[list[int]]:
    """Return the numbers of a process and of all that descend from it; none if not on Linux."""
    found = {int(path.parent.name): _numbers(path) for path in _PROC.glob("[0-9]*/stat")}
    family, waiting = [], [root]
    while waiting:
        number = waiting.pop()
        if numbers := found.get(number):
            family.append(numbers)
        waiting.extend(child for child, own in found.items() if own and own[_PARENT] == number)
    return family


def _numbers(path: Path) -> list[int]:
    """Return the numbers of a process after its name; none if it has just ended."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [0, *map(int, text.rpartition(")")[2].split()[1:])]  # the first is the state, a letter

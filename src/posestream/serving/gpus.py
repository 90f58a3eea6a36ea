"""What NVIDIA's GPUs are doing, where NVIDIA's management library can be asked."""

from __future__ import annotations

import importlib
import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class GpuUse:
    """One GPU at one moment; ``None`` where the driver does not tell."""

    index: int
    """Its number in the driver's order."""
    name: str
    """What it is called."""
    memory_used_bytes: int
    """Memory in use, by all processes."""
    memory_total_bytes: int
    """Memory there is."""
    busy: float | None = None
    """Share of the time in which a kernel ran, in [0, 1]."""
    decoder_busy: float | None = None
    """Share of the time in which the video decoders worked, in [0, 1]."""
    encoder_busy: float | None = None
    """Share of the time in which the video encoders worked, in [0, 1]."""


class GpuMeter:
    """Asks the driver for the use of its GPUs, through the optional package ``nvidia-ml-py``.

    Nothing is loaded before the first `read`; without the package or a driver there are no GPUs.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library: Any = None
        self._tried = False

    def read(self) -> list[GpuUse]:
        """Return the use of every GPU; a GPU that stops answering is left out."""
        with self._lock:
            if not self._tried:
                self._tried, self._library = True, _load()
            if self._library is None:
                return []
            return _read_all(self._library)


def _load() -> Any:
    """Return the management library, ready; ``None`` where it or a driver is missing."""
    try:
        pynvml = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _read_all(library: Any) -> list[GpuUse]:
    uses = []
    for index in range(library.nvmlDeviceGetCount()):
        try:
            uses.append(_read(library, index))
        except library.NVMLError:
            continue
    return uses


def _read(library: Any, index: int) -> GpuUse:
    handle = library.nvmlDeviceGetHandleByIndex(index)
    name = library.nvmlDeviceGetName(handle)
    memory = library.nvmlDeviceGetMemoryInfo(handle)

    def share(ask: Any) -> float | None:
        try:
            answer = ask(handle)
        except library.NVMLError:  # for example on a slice of a GPU
            return None
        return (answer.gpu if hasattr(answer, "gpu") else answer[0]) / 100

    return GpuUse(
        index,
        name.decode() if isinstance(name, bytes) else name,
        memory.used,
        memory.total,
        share(library.nvmlDeviceGetUtilizationRates),
        share(library.nvmlDeviceGetDecoderUtilization),
        share(library.nvmlDeviceGetEncoderUtilization),
    )

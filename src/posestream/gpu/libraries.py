"""Import what only GPUs need, and say what is missing where it is not there."""
# pyright: reportMissingImports=false

from __future__ import annotations

import functools
import importlib
import threading
from types import ModuleType
from typing import Any

from posestream.errors import ConfigError, MissingDependencyError

_INSTALL = "install them with: pip install 'posestream[gpu]'"
_importing = threading.Lock()


@functools.cache
def import_torch() -> Any:
    """Return PyTorch.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    return _imported("torch", "the GPU path needs PyTorch")


@functools.cache
def import_video_codec() -> Any:
    """Return PyNvVideoCodec.

    Raises:
        MissingDependencyError: If it is not installed, or the driver has no video libraries.
    """
    # Two threads must not load its shared library at once.
    with _importing:
        return _imported("PyNvVideoCodec", "decoding on the GPU needs PyNvVideoCodec")


def _imported(name: str, need: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError, OSError) as error:
        # PyNvVideoCodec raises RuntimeError with pages of advice where the driver lacks video.
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise MissingDependencyError(f"{need} ({reason}); {_INSTALL}") from error


def gpu_count() -> int:
    """Return how many GPUs torch sees.

    Raises:
        ConfigError: If it sees none.
        MissingDependencyError: If PyTorch is not installed.
    """
    torch = import_torch()
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        raise ConfigError("device: 'cuda:all' is not usable: torch sees no GPU; allowed: cpu, auto")
    return count


def checked_device(device: str) -> int:
    """Return the index of a GPU that torch sees.

    Args:
        device: ``cuda`` or ``cuda:N``.

    Raises:
        ConfigError: If there is no such GPU.
        MissingDependencyError: If PyTorch is not installed.
    """
    torch = import_torch()
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    name, _, number = device.partition(":")
    index = int(number) if number.isdigit() else 0
    if name != "cuda" or (number and not number.isdigit()) or index >= count:
        seen = f"cuda:0 to cuda:{count - 1}" if count else "none, torch sees no GPU"
        raise ConfigError(f"device: {device!r} is not usable for the GPU path; allowed: {seen}")
    return index

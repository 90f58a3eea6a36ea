"""Choose ONNX Runtime's execution provider, and say so whenever it is not the one asked for.

ONNX Runtime runs a network on the CPU when a provider's libraries do not load, and only logs it.
Here a session counts as running on a provider once the session itself says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from posestream.errors import MissingDependencyError

PROVIDERS: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
}
"""ONNX Runtime's names of the providers."""
_NEXT_BEST = {"cpu": "", "cuda": "cpu", "tensorrt": "cuda", "coreml": "cpu"}
_REMEDY = {
    "cuda": "pip install onnxruntime-gpu, with CUDA and cuDNN",
    "tensorrt": "pip install onnxruntime-gpu tensorrt, with CUDA and cuDNN",
    "coreml": "pip install onnxruntime on macOS",
}
_log = logging.getLogger(__name__)


def open_session(
    asked: str,
    open_on: Callable[[str], Any],
    *,
    available: Collection[str],
    required: bool,
    device: str,
) -> tuple[Any, str]:
    """Open a session on a provider, or on the next best one.

    Args:
        asked: A key of `PROVIDERS`, or ``auto``: CUDA for a ``cuda`` device, else the CPU.
        open_on: Opens a session on a provider, with all it falls back to.
        available: What this build of ONNX Runtime has, by its own names.
        required: Whether another provider than the one asked for is an error.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; a GPU that was asked for is required.

    Returns:
        The session, and the provider it runs on.

    Raises:
        MissingDependencyError: If the provider is required and cannot be used.
    """
    on_gpu = device.startswith("cuda")
    name = asked if asked != "auto" else ("cuda" if on_gpu else "cpu")
    required = required or on_gpu
    while True:
        if PROVIDERS[name] not in available:
            problem = "this build of ONNX Runtime does not have it"
        else:
            session = open_on(name)
            running = session.get_providers()
            if running and running[0] == PROVIDERS[name]:
                return session, name
            problem = "its libraries do not load"
        message = f"provider {name!r} is not usable: {problem} ({_REMEDY.get(name, '')})"
        if required:
            raise MissingDependencyError(message)
        _log.warning("%s; running on %r instead", message, _NEXT_BEST[name])
        name = _NEXT_BEST[name]

"""The few calls of NVIDIA's driver that PyTorch has no names for, none of which holds the GIL."""

from __future__ import annotations

import ctypes
import functools
import itertools
import sys
import threading
from collections.abc import Iterator
from typing import Any

from posestream.errors import InferenceError
from posestream.gpu.libraries import import_torch

_NON_BLOCKING = 1  # CU_STREAM_NON_BLOCKING: waits for no default stream
_STREAMS = 32
_making = threading.Lock()
_per_thread = threading.local()


@functools.cache
def _driver() -> Any:
    return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


@functools.cache
def primary_context(device: int) -> int:
    """Return the CUDA context that PyTorch uses, so that decoding shares it.

    Two contexts of one GPU take turns; in one they run side by side.

    Raises:
        InferenceError: If the GPU does not answer.
    """
    import_torch().cuda.synchronize(device)  # makes sure that there is one
    context, handle = ctypes.c_void_p(), ctypes.c_int()
    _check(_driver().cuDeviceGet(ctypes.byref(handle), device))
    _check(_driver().cuDevicePrimaryCtxRetain(ctypes.byref(context), handle))
    return context.value or 0


@functools.cache
def _streams(device: int) -> Iterator[int]:
    _enter(device)
    handles = []
    for _ in range(_STREAMS):
        handle = ctypes.c_void_p()
        _check(_driver().cuStreamCreate(ctypes.byref(handle), _NON_BLOCKING))
        handles.append(handle.value or 0)
    return itertools.cycle(handles)


def shared_stream(device: int) -> int:
    """Return one of a GPU's 32 streams for copies, taking turns; they live as long as the process.

    Raises:
        InferenceError: If the GPU does not answer.
    """
    with _making:
        return next(_streams(device))


def wait_for_stream(stream: int, *, device: int) -> None:
    """Wait until a stream has done all it was given, leaving Python to others meanwhile.

    Raises:
        InferenceError: If the GPU failed.
    """
    _enter(device)
    _check(_driver().cuStreamSynchronize(ctypes.c_void_p(stream)))


def _enter(device: int) -> None:
    """Make a GPU's context the thread's own, which streams ask for."""
    if getattr(_per_thread, "device", None) != device:
        _check(_driver().cuCtxSetCurrent(ctypes.c_void_p(primary_context(device))))
        _per_thread.device = device


def _check(result: int) -> None:
    if result:
        name = ctypes.c_char_p()
        _driver().cuGetErrorName(result, ctypes.byref(name))
        raise InferenceError(f"CUDA: {(name.value or b'error').decode()} ({result})")

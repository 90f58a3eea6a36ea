"""What PyTorch has no name for: the CUDA context that it uses, and how threads wait in it."""

from __future__ import annotations

import ctypes
import functools
import sys

from posestream.errors import InferenceError
from posestream.gpu.libraries import import_torch

_BLOCKING_SYNC = 4  # CU_CTX_SCHED_BLOCKING_SYNC


@functools.cache
def let_waiting_threads_sleep(device: int) -> None:
    """Let threads that wait for a GPU sleep instead of asking it again and again.

    By default they spin, which takes a core for each stream that decodes. It counts from the next
    context on, so call this before anything else uses the GPU; where there is one already, or the
    driver does not know of this, nothing changes.
    """
    driver = _driver()
    handle = ctypes.c_int()
    if driver.cuInit(0) == 0 and driver.cuDeviceGet(ctypes.byref(handle), device) == 0:
        driver.cuDevicePrimaryCtxSetFlags_v2(handle, _BLOCKING_SYNC)


@functools.cache
def primary_context(device: int) -> int:
    """Return the CUDA context that PyTorch uses, so that decoding shares it.

    Two contexts of one GPU take turns; in one they run side by side.

    Raises:
        InferenceError: If the GPU does not answer.
    """
    let_waiting_threads_sleep(device)
    import_torch().cuda.synchronize(device)  # makes sure that there is one
    driver = _driver()
    context, handle = ctypes.c_void_p(), ctypes.c_int()
    failed = driver.cuDeviceGet(ctypes.byref(handle), device)
    failed = failed or driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), handle)
    if failed:
        raise InferenceError(f"cuda:{device}: its context is not to be had (CUDA error {failed})")
    return context.value or 0


def _driver() -> ctypes.CDLL:
    return ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")

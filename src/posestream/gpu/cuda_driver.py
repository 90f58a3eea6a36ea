"""What PyTorch has no name for: the CUDA context that it uses."""

from __future__ import annotations

import ctypes
import functools
import sys

from posestream.errors import InferenceError
from posestream.gpu.libraries import import_torch


@functools.cache
def primary_context(device: int) -> int:
    """Return the CUDA context that PyTorch uses, so that decoding shares it.

    Two contexts of one GPU take turns; in one they run side by side.

    Raises:
        InferenceError: If the GPU does not answer.
    """
    import_torch().cuda.synchronize(device)  # makes sure that there is one
    driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    context, handle = ctypes.c_void_p(), ctypes.c_int()
    failed = driver.cuDeviceGet(ctypes.byref(handle), device)
    failed = failed or driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), handle)
    if failed:
        raise InferenceError(f"cuda:{device}: its context is not to be had (CUDA error {failed})")
    return context.value or 0

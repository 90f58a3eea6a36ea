"""Memory of a GPU that others own, as tensors."""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
from typing import Any

from posestream.gpu.libraries import import_torch


class _Rows:
    """Rows of bytes as libraries hand memory of a GPU to each other."""

    def __init__(self, address: int, rows: int, pitch: int) -> None:
        self.__cuda_array_interface__ = {
            "data": (address, False),
            "shape": (rows, pitch),
            "typestr": "|u1",
            "strides": None,
            "version": 3,
        }


def rows_at(address: int, *, rows: int, pitch: int, device: int | None) -> Any:
    """Return ``(rows, pitch)`` bytes as a tensor, which must not outlive them.

    Args:
        address: Of the first byte.
        rows: How many.
        pitch: Bytes from row to row.
        device: Index of the GPU; None for main memory.
    """
    torch = import_torch()
    if device is None:
        memory = (ctypes.c_uint8 * (rows * pitch)).from_address(address)
        return torch.frombuffer(memory, dtype=torch.uint8).view(rows, pitch)
    return torch.as_tensor(_Rows(address, rows, pitch), device=f"cuda:{device}")


def aligned_copy(address: int, *, rows: int, pitch: int, alignment: int, device: int) -> Any:
    """Return a copy whose rows begin at multiples of an alignment, made when this returns."""
    torch = import_torch()
    wide = -(-pitch // alignment) * alignment
    with torch.cuda.device(device):
        copy = torch.empty((rows, wide), dtype=torch.uint8, device=f"cuda:{device}")
        copy[:, :pitch] = rows_at(address, rows=rows, pitch=pitch, device=device)
        torch.cuda.current_stream().synchronize()
    return copy

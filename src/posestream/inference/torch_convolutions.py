"""Convolutions in torch that start at once, in sizes never seen before.

cuDNN looks for a plan for each convolution and each shape, a fiftieth of a second or more: three
seconds for each batch size of a network of 77. Of a single pixel a convolution is a product of
matrices, and one that keeps channels apart is little work; neither needs a plan.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from posestream.kernels import ELEMENTS, Arguments, Loader, Step, on_cuda

_SOURCES = (ELEMENTS, Path(__file__).with_name("depthwise.cu"))
_THREADS = 256
_MOST_BLOCKS = 65_535  # below and behind each other


def is_product(x: Tensor, weight: Tensor, *, strides: Sequence[int], pads: Sequence[int]) -> bool:
    """Tell whether a convolution is a product of matrices that lie ready in memory."""
    of_pixels = x.ndim == 4 and weight.shape[1] == x.shape[1] and weight.shape[2:] == (1, 1)
    return of_pixels and set(strides) == {1} and not any(pads) and _by_pixel(x)


def product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve pixel by pixel; see `is_product`."""
    made = functional.linear(x.permute(0, 2, 3, 1), weight.flatten(1), bias)
    return made.permute(0, 3, 1, 2)


def is_depthwise(x: Tensor, weight: Tensor, *, groups: int, dilations: Sequence[int]) -> bool:
    """Tell whether a convolution keeps channels apart, and our kernel can take it."""
    apart = x.ndim == 4 and groups == x.shape[1] == weight.shape[0] and weight.shape[1] == 1
    known = x.dtype in (torch.float16, torch.float32) and weight.is_contiguous()
    small = x.shape[0] <= _MOST_BLOCKS and x.shape[2] <= _MOST_BLOCKS if apart else False
    return apart and known and small and set(dilations) == {1} and _by_pixel(x)


def depthwise(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *,
    strides: Sequence[int],
    pads: Sequence[int],
    load: Loader = on_cuda,
) -> Tensor:
    """Convolve each channel by itself; see `is_depthwise`.

    Args:
        x: ``(B, C, h, w)``, in memory pixel by pixel.
        weight: ``(C, 1, ...)``.
        bias: ``(C,)``.
        strides: Down and across.
        pads: Above, before, below and behind.
        load: How the kernel is compiled.
    """
    batch, channels, rows, columns = x.shape
    high, wide = weight.shape[2:]
    made_rows = (rows + pads[0] + pads[2] - high) // strides[0] + 1
    made_columns = (columns + pads[1] + pads[3] - wide) // strides[1] + 1
    made = x.new_empty((batch, made_rows, made_columns, channels)).permute(0, 3, 1, 2)
    sizes = (channels, rows, columns, made_rows, made_columns, high, wide)
    arguments = Arguments(
        x, weight, ctypes.c_void_p() if bias is None else bias, made, *sizes, *strides, *pads[:2]
    )
    grid = (-(-made_columns * channels // _THREADS), made_rows, batch)
    kernels = load(_SOURCES, x.device.index or 0, {"HALF": int(x.dtype == torch.float16)})
    kernels.launch(Step("depthwise", grid, _THREADS, 0, arguments))
    return made


def _by_pixel(x: Tensor) -> bool:
    return x.is_contiguous(memory_format=torch.channels_last)

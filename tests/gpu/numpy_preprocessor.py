"""Stands in for the kernel that makes network inputs, which is slow without a GPU."""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from posestream.batching.crops import Crop
from posestream.geometry import Letterbox
from posestream.gpu.preprocessing_reference import network_input
from posestream.gpu.surfaces import Surface


class NumpyPreprocessor:
    """Does what a `Preprocessor` in main memory does, as the reference says."""

    def __init__(self, spec: Any, rule: Any, *, size: Any, batch: int, **options: Any) -> None:
        self._spec, self._todo = spec, []
        width, height = size
        pixels = torch.zeros((batch, height, width, 3), dtype=torch.float32)
        self._pixels = pixels.numpy()
        self.input = pixels if spec.layout == "NHWC" else pixels.permute(0, 3, 1, 2)

    def describe(self, surfaces: Sequence[Surface], batch: int) -> tuple[Letterbox, ...]:
        assert not surfaces
        return self.describe_crops((), (), batch)

    def describe_crops(
        self, surfaces: Sequence[Surface], crops: Sequence[Crop], batch: int
    ) -> tuple[Letterbox, ...]:
        self._todo = list(zip(surfaces, crops, strict=True))
        return tuple(crop.letterbox for crop in crops)

    def launch(self, batch: int) -> None:
        for target, (surface, crop) in zip(self._pixels, self._todo, strict=False):
            luma, chroma = planes(surface)
            target[:] = network_input(
                luma,
                chroma,
                box=crop.letterbox,
                colour=surface.colour,
                spec=self._spec,
                corner=crop.region[:2],
            )


def planes(surface: Surface) -> tuple[np.ndarray, np.ndarray]:
    """Return ``(H, W)`` luma and ``(H / 2, W / 2, 2)`` chroma of a picture in main memory."""
    (width, height), pitch = surface.size, surface.pitch
    half = ((height + 1) // 2, (width + 1) // 2, 2)
    rows = [
        np.frombuffer((ctypes.c_uint8 * (count * pitch)).from_address(address), np.uint8).reshape(
            count, pitch
        )
        for address, count in ((surface.luma, height), (surface.chroma, half[0]))
    ]
    return rows[0][:, :width], rows[1][:, : 2 * half[1]].reshape(half)

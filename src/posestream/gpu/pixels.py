"""Small RGB pictures of surfaces, made on the GPU, for whoever wants pixels in main memory."""
# pyright: reportMissingImports=false

from __future__ import annotations

import contextlib
import functools
import threading
from collections import OrderedDict

import numpy as np
import numpy.typing as npt

from posestream.geometry import Size
from posestream.gpu.libraries import import_torch
from posestream.gpu.preprocessing import Placed, Preprocessor
from posestream.gpu.recording import TRAFFIC
from posestream.gpu.surfaces import Surface
from posestream.models.card import InputSpec

_MOST_SIZES = 8


@functools.cache
def pixel_maker(device: int | None) -> PixelMaker:
    """Return what makes pixels on a GPU; all threads share it."""
    return PixelMaker(device)


class PixelMaker:
    """Scales surfaces of one GPU, or parts of them, to RGB of a few sizes; threads take turns.

    Args:
        device: Index of the GPU; None for main memory, which only tests want.
    """

    def __init__(self, device: int | None) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._makers: OrderedDict[Size, Preprocessor] = OrderedDict()

    def make(self, surface: Surface, box: Placed, size: Size) -> npt.NDArray[np.uint8]:
        """Return ``(height, width, 3)`` RGB.

        Args:
            surface: The picture; nothing reads it any more when this returns.
            box: Where the picture lies in what is returned, even partly outside.
            size: Width and height of what is returned, pixels.
        """
        on_gpu = self._device is not None
        place = import_torch().cuda.device(self._device) if on_gpu else contextlib.nullcontext()
        with TRAFFIC.alongside, self._lock, place:
            maker = self._maker(size)
            maker.describe_one(surface, box)
            maker.launch(1)
            # A copy also in main memory, where the next picture comes to the same place.
            return maker.input[0].cpu().numpy().copy()

    def _maker(self, size: Size) -> Preprocessor:
        maker = self._makers.get(size)
        if maker is None:
            spec = InputSpec(
                name="pixels", layout="NHWC", dtype="uint8", colour="RGB", fixed_size=size
            )
            maker = Preprocessor(spec, size=size, batch=1, device=self._device, dtype="uint8")
            self._makers[size] = maker
            if len(self._makers) > _MOST_SIZES:
                self._makers.popitem(last=False)
        self._makers.move_to_end(size)
        return maker

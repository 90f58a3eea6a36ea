"""Turn surfaces of any sizes into a batch of network inputs with one kernel."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posestream.batching.crops import Crop
from posestream.errors import InferenceError
from posestream.geometry import Letterbox, Size
from posestream.gpu.libraries import import_torch
from posestream.gpu.placements import placement
from posestream.gpu.surfaces import Colour, Surface
from posestream.kernels import Arguments, Loader, Step, on_cuda
from posestream.models.card import InputSpec
from posestream.transfers import Transfer

MAX_WIDTH = 8192
"""Widest picture that can be resized, pixels; more than any video decoder of a GPU decodes."""
MAX_SHRINKING = 900
"""Most pixels of a frame that may become one of the input, in either direction."""
_SOURCES = (Path(__file__).with_name("preprocessing.cu"),)
_OUTPUTS = {"float32": 0, "uint8": 2, "float16": 4}
_THREADS, _LINE = 128, 2048
_TUNING = {"AREA": 2048, "AHEAD": 4}
"""Pixels that a block makes at once; lines whose loads are on their way at once."""
_ROWS, _FEW_ROWS, _MANY = 4, 1, 4
"""Rows that a block makes; fewer than many pictures would leave most of a GPU idle with as many."""
_NUMBERS = 16
_COLOURS = {"RGB": (0, 1, 2), "BGR": (2, 1, 0)}


class Placed(Protocol):
    """Where a frame lies in its input, in whole pixels or not; a `Letterbox` is one."""

    @property
    def offset(self) -> tuple[float, float]:
        """Left and top of the scaled frame inside the input, pixels."""
        ...

    @property
    def content_size(self) -> tuple[float, float]:
        """Width and height of the scaled frame, pixels."""
        ...

    @property
    def scale(self) -> npt.NDArray[np.floating]:
        """``(2,)`` input pixels per frame pixel, x and y."""
        ...


class Preprocessor:
    """Writes resized, letterboxed, normalised pictures into an input tensor that stays in place.

    `describe` fills a table in main memory; `launch` sends it and starts the kernel. A launch
    allocates nothing and reads only what stays in place, so a CUDA graph may hold it.

    Args:
        spec: How the network wants its pixels.
        size: Width and height of the input, pixels.
        batch: Most pictures at once.
        device: Index of the GPU; None for main memory, for kernels that run there.
        dtype: ``float16``, ``float32``, or ``uint8`` for pixels as they are.
        load: How kernels are compiled.
    """

    def __init__(
        self,
        spec: InputSpec,
        *,
        size: Size,
        batch: int,
        device: int | None = 0,
        dtype: str = "float16",
        load: Loader = on_cuda,
    ) -> None:
        torch = import_torch()
        self._kernels = load(_SOURCES, device or 0, {"OUTPUT": _OUTPUTS[dtype], **_TUNING})
        self._size, self._pad = size, float(spec.pad_value)
        self._rounded = int(spec.dtype != "float32")
        place = torch.device("cpu" if device is None else f"cuda:{device}")
        width, height = size
        pixels = torch.zeros((batch, height, width, 3), dtype=getattr(torch, dtype), device=place)
        self._pixels = pixels
        self.input = pixels if spec.layout == "NHWC" else pixels.permute(0, 3, 1, 2)
        """The batch as the network takes it; in memory the channels of a pixel are neighbours."""
        arrays = {"pictures": ((batch, 4), np.int64), "numbers": ((batch, _NUMBERS), np.float32)}
        self._table = Transfer(arrays, place)
        self._pictures, self._numbers = self._table.host["pictures"], self._table.host["numbers"]
        self._channels = torch.from_numpy(channel_rows(spec)).to(place)

    def describe(
        self, surfaces: Sequence[Surface], crops: Sequence[Crop], batch: int
    ) -> tuple[Letterbox, ...]:
        """Note parts of pictures, or all of them, for the next batch.

        Args:
            surfaces: The picture of each crop.
            crops: Their inputs have this one's size.
            batch: Places beyond the crops hold padding.

        Returns:
            Where each crop lies inside its input.

        Raises:
            InferenceError: If a picture is too wide, or shrinks too much.
        """
        addresses = []
        for row, (surface, crop) in enumerate(zip(surfaces, crops, strict=True)):
            self._numbers[row] = crop_numbers(
                surface.size, surface.colour, crop.region, crop.letterbox
            )
            addresses += surface.luma, surface.chroma, surface.pitch, 0
        count = len(crops)
        self._pictures[:count] = np.array(addresses, np.int64).reshape(-1, 4)
        self._pictures[count:batch, 0] = 0
        return tuple(crop.letterbox for crop in crops)

    def describe_one(self, surface: Surface, box: Placed) -> None:
        """Note one picture that lies anywhere in its input, even partly outside.

        Raises:
            InferenceError: If it is too wide, or shrinks too much.
        """
        self._numbers[0] = geometry_row(surface.size, box, surface.colour)
        self._pictures[0] = surface.luma, surface.chroma, surface.pitch, 0

    def launch(self, batch: int) -> None:
        """Send the table and fill the first ``batch`` inputs, on torch's current stream."""
        self._table.upload()
        width, height = self._size
        rows = _ROWS if batch >= _MANY else _FEW_ROWS
        arguments = Arguments(
            self._table.on_device("pictures"),
            self._table.on_device("numbers"),
            self._channels,
            self._pixels,
            height,
            width,
            rows,
            self._pad,
            self._rounded,
        )
        shared = 4 * (2 * (_LINE + _LINE // 32) + 3 * _TUNING["AREA"])
        grid = (-(-height // rows), batch, 1)
        self._kernels.launch(Step("fill_inputs", grid, _THREADS, shared, arguments))


@functools.lru_cache(maxsize=1024)
def crop_numbers(
    frame_size: Size, colour: Colour, region: tuple[int, int, int, int], letterbox: Letterbox
) -> npt.NDArray[np.float32]:
    """Return the kernel's numbers for a crop; whole frames of a stream come from the cache."""
    return geometry_row(frame_size, placement(frame_size, region, letterbox), colour)


def geometry_row(frame_size: Size, box: Placed, colour: Colour) -> npt.NDArray[np.float32]:
    """Return the kernel's numbers for pictures of one size and colour.

    Raises:
        InferenceError: If the picture is too wide, or shrinks too much.
    """
    if frame_size[0] > MAX_WIDTH:
        raise InferenceError(
            f"a frame is {frame_size[0]} pixels wide; allowed on the GPU: {MAX_WIDTH}"
        )
    shrinking = 1 / np.asarray(box.scale, np.float64)
    if shrinking.max() > MAX_SHRINKING:
        raise InferenceError(
            f"a frame of {frame_size[0]} x {frame_size[1]} shrinks {shrinking.max():.0f} times; "
            f"allowed on the GPU: {MAX_SHRINKING}"
        )
    row = np.zeros(_NUMBERS, np.float32)
    row[:4] = *box.offset, *box.content_size
    row[4:6] = shrinking
    row[6:12] = colour.coefficients
    row[12:14] = frame_size
    return row


def channel_rows(spec: InputSpec) -> npt.NDArray[np.float32]:
    """Return for each channel of an input its colour, factor and shift."""
    rows = np.zeros((3, 3), np.float32)
    rows[:, 0] = _COLOURS[spec.colour]
    rows[:, 1] = spec.scale / np.asarray(spec.std)
    rows[:, 2] = -np.asarray(spec.mean) / np.asarray(spec.std)
    return rows

"""Turn surfaces of any sizes into a batch of network inputs with one kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posestream.batching.crops import Crop
from posestream.errors import InferenceError
from posestream.geometry import InputRule, Letterbox, Size
from posestream.gpu.crop_rows import excerpt
from posestream.gpu.libraries import import_torch, import_triton_kernels
from posestream.gpu.surfaces import Colour, Surface
from posestream.models.card import InputSpec

MAX_WIDTH = 8192
"""Widest picture that can be resized, pixels; more than any video decoder of a GPU decodes."""
_PICTURE, _NUMBERS = 8, 16
_BLOCKS = {"KX": 2048, "BX": 256, "AT_ONCE": 2, "num_warps": 4}
_PROGRAMS_PER_CORE = 16
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
        rule: How frames become inputs.
        size: Width and height of the input, pixels.
        batch: Most pictures at once.
        device: Index of the GPU; None for main memory, where Triton's interpreter runs.
        dtype: ``float16``, ``float32``, or ``uint8`` for pixels as they are.
    """

    def __init__(
        self,
        spec: InputSpec,
        rule: InputRule,
        *,
        size: Size,
        batch: int,
        device: int | None = 0,
        dtype: str = "float16",
    ) -> None:
        torch = import_torch()
        self._kernels = import_triton_kernels()
        self._rule, self._size, self._pad = rule, size, spec.pad_value
        self._rounded = spec.dtype != "float32"
        place = "cpu" if device is None else f"cuda:{device}"
        width, height = size
        pixels = torch.zeros((batch, height, width, 3), dtype=getattr(torch, dtype), device=place)
        self._pixels = pixels
        self.input = pixels if spec.layout == "NHWC" else pixels.permute(0, 3, 1, 2)
        """The batch as the network takes it; in memory the channels of a pixel are neighbours."""
        self._bytes = 8 * _PICTURE + 4 * _NUMBERS
        table = torch.zeros(batch * self._bytes, dtype=torch.uint8, pin_memory=device is not None)
        self._table, self._sent = table, table if device is None else table.to(place)
        self._split = 8 * _PICTURE * batch
        memory = table.numpy()
        self._pictures = memory[: self._split].view(np.int64).reshape(batch, _PICTURE)
        self._numbers = memory[self._split :].view(np.float32).reshape(batch, _NUMBERS)
        self._views = (
            self._sent[: self._split].view(torch.int64),
            self._sent[self._split :].view(torch.float32),
        )
        self._channels = torch.from_numpy(channel_rows(spec)).to(place)
        programs = 2 if device is None else _PROGRAMS_PER_CORE * _cores(device)
        self._scratch = torch.empty((programs, 2, MAX_WIDTH), dtype=torch.float32, device=place)
        self._known: dict[tuple[Size, Colour], tuple[npt.NDArray[np.float32], Letterbox]] = {}

    def describe(self, surfaces: Sequence[Surface], batch: int) -> tuple[Letterbox, ...]:
        """Note the pictures of the next batch; places beyond them hold padding.

        Returns:
            Where each frame lies inside its input.
        """
        boxes = []
        for row, surface in enumerate(surfaces):
            key = (surface.size, surface.colour)
            found = self._known.get(key)
            if found is None:
                found = self._known[key] = self._numbers_of(*key)
            self._numbers[row] = found[0]
            picture = self._pictures[row]
            picture[0], picture[1], picture[2] = surface.luma, surface.chroma, surface.pitch
            picture[3], picture[4] = surface.size
            boxes.append(found[1])
        self._pictures[len(surfaces) : batch, 0] = 0
        return tuple(boxes)

    def describe_crops(
        self, surfaces: Sequence[Surface], crops: Sequence[Crop], batch: int
    ) -> tuple[Letterbox, ...]:
        """Note parts of pictures, or all of them, for the next batch.

        Args:
            surfaces: The picture of each crop.
            crops: Their inputs have this one's size; where crops end, so do their pictures.
            batch: Places beyond the crops hold padding.

        Returns:
            Where each crop lies inside its input.

        Raises:
            InferenceError: If a picture is too wide.
        """
        for row, (surface, crop) in enumerate(zip(surfaces, crops, strict=True)):
            part = excerpt(surface.size, crop.region, crop.letterbox)
            _check_width(part.size[0])
            self._numbers[row] = geometry_row(part, surface.colour)
            start = part.top * surface.pitch + part.left
            half = part.top // 2 * surface.pitch + part.left
            luma = surface.luma + start if part.size[0] else 0
            self._pictures[row, :5] = luma, surface.chroma + half, surface.pitch, *part.size
        self._pictures[len(crops) : batch, 0] = 0
        return tuple(crop.letterbox for crop in crops)

    def describe_one(self, surface: Surface, box: Placed) -> None:
        """Note one picture that lies anywhere in its input, even partly outside."""
        self._numbers[0] = geometry_row(box, surface.colour)
        self._pictures[0, :3] = surface.luma, surface.chroma, surface.pitch
        self._pictures[0, 3:5] = surface.size

    def launch(self, batch: int) -> None:
        """Send the table and fill the first ``batch`` inputs, on torch's current stream."""
        if self._sent is not self._table:
            self._sent.copy_(self._table, non_blocking=True)
        width, height = self._size
        rows = batch * height
        self._kernels.fill_inputs[(min(rows, len(self._scratch)),)](
            *self._views,
            self._channels,
            self._scratch,
            self._pixels,
            rows,
            height,
            width,
            float(self._pad),
            self._scratch.shape[2],
            *self._pixels.stride(),
            ROUND=self._rounded,
            **_BLOCKS,
        )

    def _numbers_of(
        self, frame_size: Size, colour: Colour
    ) -> tuple[npt.NDArray[np.float32], Letterbox]:
        _check_width(frame_size[0])
        box = self._rule.letterbox(frame_size)
        if box.input_size != self._size:
            raise InferenceError(
                f"a frame of {frame_size[0]} x {frame_size[1]} needs an input of "
                f"{box.input_size[0]} x {box.input_size[1]}, not {self._size[0]} x {self._size[1]}"
            )
        return geometry_row(box, colour), box


def _check_width(width: int) -> None:
    if width > MAX_WIDTH:
        raise InferenceError(f"a frame is {width} pixels wide; allowed on the GPU: {MAX_WIDTH}")


def geometry_row(box: Placed, colour: Colour) -> npt.NDArray[np.float32]:
    """Return the kernel's numbers for pictures of one size and colour."""
    row = np.zeros(_NUMBERS, np.float32)
    row[:4] = *box.offset, *box.content_size
    row[4:6] = 1 / np.asarray(box.scale, np.float64)
    row[6:12] = colour.coefficients
    return row


def channel_rows(spec: InputSpec) -> npt.NDArray[np.float32]:
    """Return for each channel of an input its colour, factor and shift."""
    rows = np.zeros((3, 3), np.float32)
    rows[:, 0] = _COLOURS[spec.colour]
    rows[:, 1] = spec.scale / np.asarray(spec.std)
    rows[:, 2] = -np.asarray(spec.mean) / np.asarray(spec.std)
    return rows


def _cores(device: int) -> int:
    return import_torch().cuda.get_device_properties(device).multi_processor_count

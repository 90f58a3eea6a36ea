"""Crops around people, scaled into network inputs, exact to a fraction of a pixel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox, Size
from posestream.images import Image
from posestream.types import Batch

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Crop:
    """Where a part of a picture lies in a network input; the rest of the input is padding."""

    image: int
    """Place of the picture among those at hand."""
    region: tuple[int, int, int, int]
    """Left, top, right, bottom of the part, frame pixels, inside the picture."""
    letterbox: Letterbox
    """Leads from the input to pixels of the part."""

    @property
    def corner(self) -> Floats:
        """``(2,)`` left and top of the part, frame pixels."""
        return np.array(self.region[:2], np.float32)


def plan_crop(
    box: Floats, image: int, frame_size: Size, *, input_size: Size, padding: float
) -> Crop | None:
    """Choose what of a picture a network sees of a person.

    The box is made as wide or high as the input's proportions ask for, then enlarged around its
    middle. What of it lies in the picture fills whole pixels on both sides, so that its place is
    known exactly; proportions may be off by less than a pixel.

    Args:
        box: ``(4,)`` left, top, right, bottom of the person, frame pixels.
        image: Place of the picture among those at hand.
        frame_size: Width and height of the picture.
        input_size: Width and height of the network's input.
        padding: Sides of the crop in sides of the widened box.

    Returns:
        The crop; None where the box is not made of numbers, is empty or lies outside.

    Source:
        The widening is that of MMPose's top-down models.
    """
    left, top, right, bottom = (float(side) for side in box)
    width, height = right - left, bottom - top
    reach = 4 * max(frame_size)
    if not (0 < width < reach and 0 < height < reach):
        return None
    aspect = input_size[0] / input_size[1]
    width = padding * max(width, height * aspect)
    height = width / aspect
    begin = ((left + right - width) / 2, (top + bottom - height) / 2)
    spans = [
        _span(at, side, limit, cells)
        for at, side, limit, cells in zip(
            begin, (width, height), frame_size, input_size, strict=True
        )
    ]
    if spans[0] is None or spans[1] is None:
        return None
    (x0, x1, u0, u1), (y0, y1, v0, v1) = spans[0], spans[1]
    letterbox = Letterbox((x1 - x0, y1 - y0), (u1 - u0, v1 - v0), input_size, (u0, v0))
    return Crop(image, (x0, y0, x1, y1), letterbox)


def cropped_people(
    images: Sequence[Image], crops: Sequence[Crop], *, pad_value: int, batch_size: int
) -> Iterator[tuple[Sequence[Crop], Batch]]:
    """Scale crops, also of several pictures, into network inputs.

    Args:
        images: What the crops are parts of.
        crops: All of one input size.
        pad_value: What the input is filled with outside a picture, 0 to 255.
        batch_size: Inputs per batch at most.

    Yields:
        The crops of a batch, and the batch.
    """
    for start in range(0, len(crops), batch_size):
        part = crops[start : start + batch_size]
        width, height = part[0].letterbox.input_size
        pixels = np.full((len(part), height, width, 3), pad_value, np.uint8)
        for picture, crop in zip(pixels, part, strict=True):
            (columns, rows), (left, top) = crop.letterbox.content_size, crop.letterbox.offset
            inside = picture[top : top + rows, left : left + columns]
            inside[:] = images[crop.image].crop_rgb(crop.region, columns, rows)
        yield part, Batch(pixels, tuple(crop.letterbox for crop in part))


def _span(begin: float, side: float, limit: int, cells: int) -> tuple[int, int, int, int] | None:
    """Cut an interval to the frame; return it in frame pixels and in those of the input.

    It begins at an even pixel, where the colours of subsampled video are exact.
    """
    first = max(0, int(np.floor(begin / 2)) * 2)
    last = min(limit, int(np.ceil(begin + side)))
    if last - first < 1:
        return None
    scale = cells / side
    start = min(max(0, round((first - begin) * scale)), cells - 1)
    end = max(start + 1, min(cells, round((last - begin) * scale)))
    return first, last, start, end

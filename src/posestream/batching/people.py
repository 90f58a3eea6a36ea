"""Plan crops around people, exact to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.batching.crops import Crop
from posestream.geometry import Letterbox, Size

Floats = npt.NDArray[np.float32]


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

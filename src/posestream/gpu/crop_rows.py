"""What of a picture on a GPU has to be read for a crop, and where that lies in the input."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox, Size
from posestream.gpu.surfaces import ALIGNMENT

Region = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A rectangle of a frame that holds all that a crop shows, and its place in the input.

    It has the members of `posestream.gpu.preprocessing.Placed`.
    """

    left: int
    """First column, a multiple of `ALIGNMENT`."""
    top: int
    """First row, even."""
    size: Size
    """Columns and rows; 0 where the crop shows nothing of the frame."""
    offset: tuple[float, float]
    """Left and top inside the input, pixels; negative where the input does not show it."""
    content_size: tuple[float, float]
    """Width and height inside the input, pixels."""
    scale: npt.NDArray[np.float64]
    """``(2,)`` input pixels per frame pixel, x and y."""


@functools.lru_cache(maxsize=4096)
def excerpt(frame_size: Size, region: Region, letterbox: Letterbox) -> Excerpt:
    """Choose what is read of a frame for a crop.

    That is what the input shows, and as much around it as the scaling of its edge needs; beside
    the frame there is nothing. Streams keep their size, so whole frames come from the cache.

    Args:
        frame_size: Width and height of the frame, pixels.
        region: Left, top, right, bottom of the crop, frame pixels, perhaps beyond the frame.
        letterbox: Where the region lies in its input.
    """
    scale = np.divide(letterbox.content_size, letterbox.frame_size, dtype=np.float64)
    spans: list[tuple[int, int]] = []
    for axis, alignment in enumerate((ALIGNMENT, 2)):
        begin = region[axis] - letterbox.offset[axis] / scale[axis]
        shown = letterbox.input_size[axis] / scale[axis]
        margin = max(1 / scale[axis], 2) + 1
        first = max(0, math.floor(begin - margin)) // alignment * alignment
        end = min(frame_size[axis], math.ceil(begin + shown + margin))
        spans.append((first, max(0, end - first)))
    (left, columns), (top, rows) = spans
    corner = [
        float(letterbox.offset[axis] + (first - region[axis]) * scale[axis])
        for axis, (first, _) in enumerate(spans)
    ]
    return Excerpt(
        left,
        top,
        (columns, rows) if columns and rows else (0, 0),
        (corner[0], corner[1]),
        (float(columns * scale[0]), float(rows * scale[1])),
        scale,
    )

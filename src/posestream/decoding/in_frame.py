"""Turn cells of maps into pixels of frames in compiled code, frame by frame without Python."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.geometry import Letterbox


@functools.lru_cache(maxsize=1024)
def geometry_row(letterbox: Letterbox, stride: int) -> tuple[float, ...]:
    """Return the numbers that `in_frame` needs of a letterbox.

    These are right and bottom edge of the frame in cells, the stride, the corner of the frame in
    the input, and input pixels per frame pixel. Streams keep their letterboxes, so that all but
    the first come from the cache.
    """
    width, height = letterbox.content_size
    scales = letterbox.scale.astype(np.float64).tolist()
    return width / stride, height / stride, float(stride), *letterbox.offset, *scales


@compiled(cached=False)
def in_frame(points, row):
    """Return ``(..., 2)`` points in cells as frame pixels.

    Does in the same order what `Letterbox.frame_from_heatmap` does.
    """
    corner = np.array([row[3], row[4]]).astype(np.float32)
    scale = np.array([row[5], row[6]]).astype(np.float32)
    return (points * np.float32(row[2]) - corner) / scale


def geometry_rows(letterboxes: Sequence[Letterbox], *, stride: int) -> npt.NDArray[np.float64]:
    """Return ``(F, 7)`` of `geometry_row`."""
    rows = [geometry_row(letterbox, stride) for letterbox in letterboxes]
    return np.array(rows, np.float64).reshape(-1, 7)

"""Make a part of a frame unrecognisable, on its planes."""

from __future__ import annotations

import cv2
import numpy as np

from posestream.overlay.blending import Plane, blend_ellipse
from posestream.overlay.canvas import Canvas
from posestream.overlay.heads import Head

_CELLS = 6
"""Averages that remain along a covered head: too few to know a face again."""
_FEATHER = 0.12
"""Share of the ellipse, outside it, over which the blur fades out."""


def blur_head(canvas: Canvas, head: Head) -> None:
    """Replace an ellipse of the picture by the smoothed averages of a few large cells."""
    width, height = canvas.width, canvas.height
    half = ((width + 1) // 2, (height + 1) // 2)
    for k, plane in enumerate(canvas.lines):
        _blur_plane(plane, (width, height) if k == 0 else half, head, scale=1.0 if k == 0 else 0.5)


def _blur_plane(plane: Plane, size: tuple[int, int], head: Head, *, scale: float) -> None:
    centre = np.array(head.centre) * scale
    reach = max(max(head.half_height, head.half_width) * (1 + _FEATHER) * scale, 1.0)
    left, top = np.clip(np.floor(centre - reach), 0, size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(centre + reach), 0, size).astype(int).tolist()
    if left >= right or top >= bottom:
        return
    # Cells keep their size at the frame's border, where less than a head is seen.
    sides = (right - left, bottom - top)
    cells = [max(1, min(_CELLS, round(_CELLS * side / (2 * reach)))) for side in sides]
    part = plane[top:bottom, left:right]
    coarse = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    smooth = np.asarray(cv2.resize(coarse, sides, interpolation=cv2.INTER_LINEAR), np.uint8)
    axes = (head.half_height * scale, head.half_width * scale)
    ellipse = np.array([*centre, *axes, *head.up], np.float32)
    blend_ellipse(plane, left, top, smooth, ellipse, _FEATHER)

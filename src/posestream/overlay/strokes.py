"""Anti-aliased round strokes, drawn straight onto the planes of a YUV 4:2:0 frame.

A stroke is all points within a radius of a segment, with a dark rim around it; a dot is a stroke
of no length. How much of a pixel a stroke covers is taken from the distance of the pixel's centre,
so that positions and widths need not be whole pixels. Colour planes have half the size: the same
stroke in half the numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled

Plane = npt.NDArray[np.uint8]

STROKE_FIELDS = 8
"""x and y of one end, x and y of the other, radius, width of the rim, opacity of either."""

_LANES = 16
"""Pixels that the processor blends at once; rows are visited in multiples of it."""


@compiled
def draw_strokes(
    y: Plane,
    u: Plane,
    v: Plane,
    width: int,
    strokes: npt.NDArray[np.float32],
    colours: npt.NDArray[np.uint8],
    rim_colour: npt.NDArray[np.uint8],
) -> None:
    """Blend strokes one over the other, in their order.

    Args:
        y: ``(H, line size)`` luma.
        u: ``(ceil(H / 2), line size)`` blue difference.
        v: Red difference, as ``u``.
        width: ``W``, pixels of a frame line; what lies beyond them in a line may change.
        strokes: ``(S, 8)`` of `STROKE_FIELDS`, frame pixels, within some frame sizes of the frame.
            Those with a number that is not finite are left out.
        colours: ``(S, 3)`` YUV.
        rim_colour: ``(3,)`` YUV.
    """
    half = (width + 1) // 2
    scales = np.ones(STROKE_FIELDS, np.float32)
    scales[:6] = 0.5
    for s in range(len(strokes)):
        if np.isfinite(strokes[s].sum()):
            stroke_plane(y, width, strokes[s], colours[s, 0], rim_colour[0])
            coarse = strokes[s] * scales
            stroke_plane(u, half, coarse, colours[s, 1], rim_colour[1])
            stroke_plane(v, half, coarse, colours[s, 2], rim_colour[2])


@compiled(cached=False, fastmath=True)
def stroke_plane(
    plane: Plane, width: int, stroke: npt.NDArray[np.float32], value: int, rim_value: int
) -> None:
    """Blend one stroke into one plane.

    Args:
        plane: ``(height, line size)``.
        width: Pixels of a line that are picture.
        stroke: ``(8,)`` of `STROKE_FIELDS`, pixels of this plane.
        value: What the plane holds under the stroke.
        rim_value: What it holds under the rim.
    """
    # 32-bit floats throughout: as many again fit into a vector register.
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    x0, y0, x1, y1, radius, rim, opacity, rim_opacity = stroke
    target, rim_target = np.float32(value), np.float32(rim_value)
    # A stroke thinner than a pixel never covers all of it.
    most, rim_most = min(one, radius + radius), min(one, radius + radius + rim + rim)
    reach, edge = radius + rim + half, radius + half
    dx, dy = x1 - x0, y1 - y0
    per_length2 = one / max(dx * dx + dy * dy, np.float32(1e-6))
    is_sloped = abs(dy) > np.float32(1e-3)
    slope = dx / dy if is_sloped else zero
    spread = reach * abs(slope) + reach
    line_size, pixels = plane.shape[1], plane.reshape(-1)
    top = max(int(np.floor(min(y0, y1) - reach)), 0)
    bottom = min(int(np.ceil(max(y0, y1) + reach)), plane.shape[0])
    for row in range(top, bottom):
        py = np.float32(row) + half - y0
        low, high = min(x0, x1) - reach, max(x0, x1) + reach
        if is_sloped:
            low, high = max(low, x0 + py * slope - spread), min(high, x0 + py * slope + spread)
        left, right = max(int(np.floor(low)), 0), min(int(np.ceil(high)), width)
        if left >= right:
            continue
        count = right - left
        whole = (count + _LANES - 1) // _LANES * _LANES
        if whole <= line_size:
            left, count = min(left, line_size - whole), whole
        # Unsigned, or the check for negative indices keeps the loop from being vectorised.
        start = np.uintp(row * line_size + left)
        px, along_y = np.float32(left) + half - x0, py * dy
        for i in range(count):
            x = px + np.float32(i)
            t = min(max((x * dx + along_y) * per_length2, zero), one)
            ex, ey = x - t * dx, py - t * dy
            inside = edge - np.sqrt(ex * ex + ey * ey)
            rim_cover = min(max(inside + rim, zero), rim_most) * rim_opacity
            cover = min(max(inside, zero), most) * opacity
            old = np.float32(pixels[start + np.uintp(i)])
            rimmed = old + (rim_target - old) * rim_cover
            pixels[start + np.uintp(i)] = np.uint8(rimmed + (target - rimmed) * cover + half)

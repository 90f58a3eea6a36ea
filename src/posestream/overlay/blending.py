"""Mix something into a part of one plane, compiled."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled

Plane = npt.NDArray[np.uint8]


@compiled
def blend_mask(
    plane: Plane, width: int, left: int, top: int, opacity: npt.NDArray[np.float32], value: int
) -> None:
    """Mix one value into a plane through a mask.

    Args:
        plane: ``(height, line size)``.
        width: Pixels of a line that are picture.
        left: Column of the mask's first pixel; the mask may stick out of the picture.
        top: Row of the mask's first pixel.
        opacity: ``(h, w)`` share of the value, 0..1.
        value: What the plane holds where the opacity is 1.
    """
    target = np.float32(value)
    for row in range(max(top, 0), min(top + opacity.shape[0], plane.shape[0])):
        for column in range(max(left, 0), min(left + opacity.shape[1], width)):
            old = np.float32(plane[row, column])
            share = opacity[row - top, column - left]
            plane[row, column] = np.uint8(old + (target - old) * share + np.float32(0.5))


@compiled(fastmath=True)
def blend_ellipse(
    plane: Plane,
    left: int,
    top: int,
    picture: Plane,
    ellipse: npt.NDArray[np.float32],
    feather: float,
) -> None:
    """Replace an ellipse of a plane by another picture.

    Args:
        plane: ``(height, line size)``.
        left: Column of the picture's first pixel; it lies within the plane.
        top: Row of the picture's first pixel.
        picture: ``(h, w)`` what to put there.
        ellipse: ``(6,)`` x and y of its centre, half its length along and across its axis, and
            the axis, a direction of length 1; pixels of the plane.
        feather: Share of the half lengths, outside the ellipse, over which the picture fades out.
    """
    zero, one, half = np.float32(0), np.float32(1), np.float32(0.5)
    x, y, along, across, axis_x, axis_y = ellipse
    fade = one / np.float32(feather)
    # Both coordinates in the ellipse, where it is the unit circle, are linear in the column.
    a_step, b_step = axis_x / along, axis_y / across
    pixels, source = plane.reshape(-1), picture.reshape(-1)
    for row in range(picture.shape[0]):
        dx, dy = np.float32(left) + half - x, np.float32(row + top) + half - y
        a_first = (dx * axis_x + dy * axis_y) / along
        b_first = (dx * axis_y - dy * axis_x) / across
        # Unsigned, or the check for negative indices keeps the loop from being vectorised.
        start = np.uintp((row + top) * plane.shape[1] + left)
        source_start = np.uintp(row * picture.shape[1])
        for i in range(picture.shape[1]):
            a, b = a_first + np.float32(i) * a_step, b_first + np.float32(i) * b_step
            share = min(max((one - np.sqrt(a * a + b * b)) * fade + one, zero), one)
            old = np.float32(pixels[start + np.uintp(i)])
            new = np.float32(source[source_start + np.uintp(i)])
            pixels[start + np.uintp(i)] = np.uint8(old + (new - old) * share + half)

"""Where a whole frame would lie in an input that shows a crop of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox, Size


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where a frame lies in an input, perhaps far beyond its edges."""

    offset: tuple[float, float]
    """Left and top of the scaled frame, input pixels; negative where a part is cut off."""
    content_size: tuple[float, float]
    """Width and height of the scaled frame, input pixels."""
    scale: npt.NDArray[np.float64]
    """``(2,)`` input pixels per frame pixel, x and y."""


def placement(
    frame_size: Size, region: tuple[int, int, int, int], letterbox: Letterbox
) -> Placement:
    """Return where a frame lies if a region of it lies where a letterbox says.

    Args:
        frame_size: Width and height of the frame, pixels.
        region: Left, top, right, bottom, frame pixels, perhaps beyond the frame.
        letterbox: Where the region lies in its input.
    """
    across = letterbox.content_size[0] / letterbox.frame_size[0]
    down = letterbox.content_size[1] / letterbox.frame_size[1]
    left, top = letterbox.offset
    return Placement(
        (left - region[0] * across, top - region[1] * down),
        (frame_size[0] * across, frame_size[1] * down),
        np.array((across, down)),
    )

"""A frame's picture that is drawn on only where somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from posestream.images import HostImage, Image
from posestream.types import Result, Tracks

if TYPE_CHECKING:
    from posestream.gpu.surfaces import Surface


class DrawnLater:
    """An image on a GPU, and the people who are to be drawn on it.

    Whoever takes it for an image gets one in main memory, drawn on there; a mosaic on the same GPU
    takes the surface and the people, and draws them itself in the size of a tile.

    Args:
        image: The picture; a surface that it has stays lent as long as this is referred to.
        result: Who is on it.
        draw: Draws what is known of a frame on a copy of it in main memory.
    """

    __slots__ = ("_draw", "_image", "_result", "token")

    def __init__(
        self, image: Image, result: Result, draw: Callable[[Image, Result], HostImage]
    ) -> None:
        self._image: Image = image
        self._result: Result | None = result
        self._draw = draw
        self.token = object()
        """Nothing but its identity: tells this picture from others without holding its memory."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self._image.size

    @property
    def surface(self) -> Surface | None:
        """The picture on the GPU; ``None`` where it is somewhere else."""
        return getattr(self._image, "surface", None)

    @property
    def people(self) -> Tracks | None:
        """Who is to be drawn; ``None`` where everyone is drawn already."""
        return None if self._result is None else self._result.tracks

    def settle(self) -> None:
        """Draw now, in main memory, and let go of the surface."""
        self._image, self._result = self.yuv420p_copy(), None

    def resized_rgb(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Return the whole drawn frame scaled to ``(height, width, 3)`` RGB."""
        return self.yuv420p_copy().resized_rgb(width, height)

    def crop_rgb(
        self, region: tuple[int, int, int, int], width: int, height: int
    ) -> npt.NDArray[np.uint8]:
        """Return a region of the drawn frame scaled to ``(height, width, 3)`` RGB."""
        return self.yuv420p_copy().crop_rgb(region, width, height)

    def rgb(self) -> npt.NDArray[np.uint8]:
        """Return ``(H, W, 3)`` RGB of the drawn frame."""
        return self.yuv420p_copy().rgb()

    def yuv420p_copy(self) -> HostImage:
        """Return a copy of the frame in main memory with everything drawn on it."""
        image, result = self._image, self._result
        return image.yuv420p_copy() if result is None else self._draw(image, result)

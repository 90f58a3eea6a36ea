"""What is written over a mosaic whose pictures come from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace

from posestream.compilation import compiled
from posestream.images import HostImage, Image, plane_arrays
from posestream.overlay.blending import Plane, blend_mask
from posestream.overlay.canvas import Mask
from posestream.overlay.layout import Tile
from posestream.overlay.mosaic import MosaicCanvas
from posestream.overlay.tiles import SQUARE


class MosaicLayer:
    """A `MosaicCanvas` with windows, through which a picture that lies below shows.

    It changes rarely; laying it over a picture is one pass of compiled code, whatever it holds.
    For one thread.

    Args:
        tiles: Where the places are.
        size: Width and height of the whole, even pixels.
    """

    def __init__(self, tiles: Sequence[Tile], size: tuple[int, int]) -> None:
        self._tiles, self._size = tiles, size
        self._canvas = MosaicCanvas(tiles, size)
        width, height = size
        self._fine = np.zeros((height, width), np.uint8)
        self._coarse = np.zeros((height // 2, width // 2), np.uint8)

    def put(self, place: int, image: Image, *, name: str, pixel_aspect: Fraction = SQUARE) -> None:
        """Show a picture of main memory in a place."""
        self._close(place)
        self._canvas.put(place, image, name=name, pixel_aspect=pixel_aspect)

    def put_dimmed(
        self, place: int, image: Image, *, name: str, note: str, pixel_aspect: Fraction = SQUARE
    ) -> None:
        """Show a stream's last picture, darkened, with a line that says why."""
        self._close(place)
        self._canvas.put_dimmed(place, image, name=name, note=note, pixel_aspect=pixel_aspect)

    def no_signal(self, place: int, *, name: str, reason: str) -> None:
        """Say that a stream has no picture, and why."""
        self._close(place)
        self._canvas.no_signal(place, name=name, reason=reason)

    def clear(self, place: int) -> None:
        """Show nothing in a place."""
        self._close(place)
        self._canvas.clear(place)

    def open(self, place: int, window: Tile, *, name: str) -> None:
        """Let what is below show through a part of a place, with the stream's name in a corner."""
        self._close(place)
        for plane, step in ((self._fine, 1), (self._coarse, 2)):
            plane[_within(window, step)] = 255
        for mask, (left, top) in self._canvas.open(place, window, name=name):
            self._cover(mask, left, top)

    def over(self, below: npt.NDArray[np.uint8]) -> HostImage:
        """Return a picture with this over it; it stays as it is afterwards.

        Args:
            below: ``(3H / 2, W)`` NV12 of BT.709 and limited range.
        """
        width, height = self._size
        frame = av.VideoFrame(width, height, "yuv420p")
        frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
        y, u, v = plane_arrays(frame)
        top_y, top_u, top_v = self._canvas.planes
        _lay_over(top_y, self._fine, below[:height], y)
        pairs = below[height:].reshape(height // 2, width // 2, 2)
        _lay_over(top_u, self._coarse, pairs[..., 0], u)
        _lay_over(top_v, self._coarse, pairs[..., 1], v)
        return HostImage(frame)

    def _close(self, place: int) -> None:
        for plane, step in ((self._fine, 1), (self._coarse, 2)):
            plane[_within(self._tiles[place], step)] = 0

    def _cover(self, mask: Mask, left: int, top: int) -> None:
        width = self._size[0]
        blend_mask(self._fine, width, left, top, mask.fine, 0)
        blend_mask(self._coarse, width // 2, left // 2, top // 2, mask.coarse, 0)


def _within(tile: Tile, step: int) -> tuple[slice, slice]:
    """Return a tile's rows and columns in a plane of every ``step``-th of them."""
    return (
        slice(tile.top // step, (tile.top + tile.height) // step),
        slice(tile.left // step, (tile.left + tile.width) // step),
    )


@compiled
def _lay_over(top: Plane, share: Plane, below: Plane, target: Plane) -> None:
    """Mix two planes of ``(h, w)``.

    Args:
        top: What lies above, less the share of what is below.
        share: How much of it is seen, of 255.
        below: What lies below.
        target: Where it goes.
    """
    # Row by row and in whole numbers of 32 bits, or the loop would not be vectorised.
    most = np.int32(255)
    for row in range(target.shape[0]):
        above, shares, under, made = top[row], share[row], below[row], target[row]
        for column in range(made.shape[0]):
            seen = np.int32(under[column]) * np.int32(shares[column]) + np.int32(128)
            seen = np.int32((seen + (seen >> 8)) >> 8)  # by 255, rounded
            made[column] = np.uint8(min(np.int32(seen + np.int32(above[column])), most))

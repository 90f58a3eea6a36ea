"""A picture of many streams' pictures, drawn in YUV."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace

from posestream.images import HostImage, Image, plane_arrays
from posestream.overlay.canvas import Canvas, Mask
from posestream.overlay.colours import MIDDLE, OUTLINE, RGB
from posestream.overlay.layout import Tile
from posestream.overlay.text import Label, label_within
from posestream.overlay.tiles import SQUARE, TileScaler

_PAPER: RGB = (27, 30, 36)
"""Behind the words where there is no picture."""
_QUIET: RGB = (150, 155, 165)
_DIMMED = 0.4
"""Share of its brightness and colours that a dimmed picture keeps."""
_LEAST_TEXT, _MOST_TEXT = 16, 40
"""Heights of a line, pixels."""
_EDGE = 2
"""How far the paper stays away from its tile's edges, so that neighbours stand apart; pixels."""


class MosaicCanvas:
    """A BT.709 picture of limited range whose tiles are drawn one by one; for one thread.

    Args:
        tiles: Where the places are.
        size: Width and height of the whole, pixels.
    """

    def __init__(self, tiles: Sequence[Tile], size: tuple[int, int]) -> None:
        frame = av.VideoFrame(*size, "yuv420p")
        frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
        self._image = HostImage(frame)
        self._canvas = Canvas(self._image)
        self.planes = plane_arrays(frame)
        """Luma ``(H, W)``, then both chroma planes of half its size."""
        self._tiles = tiles
        self._scalers = [TileScaler() for _ in tiles]
        self._fill(Tile(0, 0, *size), OUTLINE)

    def put(self, place: int, image: Image, *, name: str, pixel_aspect: Fraction = SQUARE) -> None:
        """Show a picture, scaled to fit, with the stream's name in a corner.

        Args:
            place: Which tile, from 0.
            image: The picture; stays as it is.
            name: What the stream is called.
            pixel_aspect: Width of the picture's pixels over their height.
        """
        tile = self._tiles[place]
        self._picture(place, image, pixel_aspect)
        self._name(tile, name)

    def put_dimmed(
        self,
        place: int,
        image: Image,
        *,
        name: str,
        note: str,
        pixel_aspect: Fraction = SQUARE,
    ) -> None:
        """Show a stream's last picture, darkened, with a line in its middle that says why."""
        tile = self._tiles[place]
        self._picture(place, image, pixel_aspect)
        for part, black in zip(self._parts(tile), self._canvas.yuv(OUTLINE), strict=True):
            levels = black + _DIMMED * (np.arange(256.0) - black)
            part[:] = np.clip(np.round(levels), 0, 255).astype(np.uint8)[part]
        self._words(tile, [(note, _text_height(tile) * 5 // 4, MIDDLE)])
        self._name(tile, name)

    def no_signal(self, place: int, *, name: str, reason: str) -> None:
        """Say calmly that a stream has no picture, and in a line, why."""
        tile = self._tiles[place]
        self._fill(tile, OUTLINE)
        self._fill(_inner(tile), _PAPER)
        height = _text_height(tile)
        self._words(tile, [("no signal", height * 3 // 2, MIDDLE), (reason, height, _QUIET)])
        self._name(tile, name)

    def open(self, place: int, window: Tile, *, name: str) -> list[tuple[Mask, tuple[int, int]]]:
        """Leave a part of a place to others: it holds zeros, and what the stream's name adds.

        Args:
            place: Which tile, from 0.
            window: The part; the rest of the tile is black.
            name: What the stream is called.

        Returns:
            What covers the part, one after the other, and its left top corner.
        """
        tile = self._tiles[place]
        self._fill(tile, OUTLINE)
        for part in self._parts(window):
            part[:] = 0
        return self._name(tile, name)

    def paste(self, place: int, planes: Sequence[npt.NDArray[np.uint8]], corner: Tile) -> None:
        """Show what is drawn already, in a tile of another canvas.

        Args:
            place: Which tile, from 0.
            planes: Luma and both colour differences of the other canvas, ``(height, width)`` each.
            corner: The tile there, of the same size.
        """
        target = self._parts(self._tiles[place])
        for part, source in zip(target, _parts_of(planes, corner), strict=True):
            np.copyto(part, source)

    def clear(self, place: int) -> None:
        """Show nothing in a place."""
        self._fill(self._tiles[place], OUTLINE)

    def image(self) -> HostImage:
        """Return a copy that stays as it is while the canvas is drawn on."""
        return self._image.yuv420p_copy()

    def _picture(self, place: int, image: Image, pixel_aspect: Fraction) -> None:
        tile = self._tiles[place]
        room = (tile.width, tile.height)
        small = self._scalers[place].fit(image, room, pixel_aspect=pixel_aspect)
        width, height = small.size
        left = tile.left + (tile.width - width) // 4 * 2
        top = tile.top + (tile.height - height) // 4 * 2
        if small.size != room:
            self._fill(tile, OUTLINE)
        parts = self._parts(Tile(left, top, width, height))
        for target, source in zip(parts, plane_arrays(small.frame), strict=True):
            np.copyto(target, source)

    def _name(self, tile: Tile, name: str) -> list[tuple[Mask, tuple[int, int]]]:
        """Write a name into a corner; return the masks it was written through, and where."""
        made = label_within(name, _text_height(tile), tile.width)
        if made is None:
            return []
        corner = (tile.left, tile.top + tile.height - made.size[1])
        self._canvas.stamp(made.background, corner, colour=OUTLINE)
        self._canvas.stamp(made.text, corner, colour=MIDDLE)
        return [(made.background, corner), (made.text, corner)]

    def _words(self, tile: Tile, lines: Sequence[tuple[str, int, RGB]]) -> None:
        """Write lines of given heights and colours in the middle, as many as fit over the name."""
        room = tile.height - 2 * _text_height(tile)
        made: list[tuple[Label, RGB]] = []
        for text, height, colour in lines:
            line = label_within(text, height, tile.width) if text else None
            if line is not None and line.size[1] <= room:
                room -= line.size[1]
                made.append((line, colour))
        top = tile.top + (tile.height - sum(line.size[1] for line, _ in made)) // 4 * 2
        for line, colour in made:
            width, height = line.size
            corner = (tile.left + (tile.width - width) // 4 * 2, top)
            self._canvas.stamp(line.text, corner, colour=colour)
            top += height

    def _fill(self, tile: Tile, colour: RGB) -> None:
        for part, value in zip(self._parts(tile), self._canvas.yuv(colour), strict=True):
            part[:] = value

    def _parts(self, tile: Tile) -> list[npt.NDArray[np.uint8]]:
        """Return the tile's part of each plane."""
        return _parts_of(self.planes, tile)


def _parts_of(planes: Sequence[npt.NDArray[np.uint8]], tile: Tile) -> list[npt.NDArray[np.uint8]]:
    return [
        plane[
            tile.top // step : -(-(tile.top + tile.height) // step),
            tile.left // step : -(-(tile.left + tile.width) // step),
        ]
        for plane, step in zip(planes, (1, 2, 2), strict=True)
    ]


def _inner(tile: Tile) -> Tile:
    left, top, width, height = tile.left, tile.top, tile.width, tile.height
    return Tile(left + _EDGE, top + _EDGE, width - 2 * _EDGE, height - 2 * _EDGE)


def _text_height(tile: Tile) -> int:
    """Return a legible height of a tile's letters' background, pixels."""
    return min(max(_LEAST_TEXT, round(0.045 * (tile.width * tile.height) ** 0.5)), _MOST_TEXT)

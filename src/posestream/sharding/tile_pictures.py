"""Pictures of single streams for people who look, cut out of the mosaic of several processes."""

from __future__ import annotations

import time
from collections.abc import Sequence

import av
import numpy as np

from posestream.images import HostImage, plane_arrays
from posestream.overlay.layout import Tile
from posestream.serving.pictures import LatestPictures
from posestream.types import Frame

_STALE_S = 1.0


class TilePictures:
    """Offers each stream's tile of a mosaic as the stream's picture, as a sink among others.

    All of them once a second, and as often as there are new ones where somebody looks.

    Args:
        pictures: Where they are offered.
        names: Names of the streams.
        tiles: Their tiles.
    """

    def __init__(
        self, pictures: LatestPictures, names: Sequence[str], tiles: Sequence[Tile]
    ) -> None:
        self._pictures = pictures
        self._tiles = dict(zip(names, tiles, strict=False))
        self._all_at_s = 0.0

    def write(self, frame: Frame) -> None:
        """Offer what the mosaic shows of the streams."""
        assert isinstance(frame.image, HostImage)
        now_s = time.monotonic()
        stale = now_s - self._all_at_s >= _STALE_S
        if stale:
            self._all_at_s = now_s
        for name, tile in self._tiles.items():
            if stale or self._pictures.wanted(name):
                self._pictures.offer(name, _cut(frame.image, tile))

    def close(self) -> None:
        """Do nothing: the last pictures may still be looked at."""


def _cut(image: HostImage, tile: Tile) -> HostImage:
    whole, part = image.frame, av.VideoFrame(tile.width, tile.height, "yuv420p")
    part.colorspace, part.color_range = whole.colorspace, whole.color_range
    left, top = tile.left, tile.top
    for target, source in zip(plane_arrays(part), plane_arrays(whole), strict=True):
        height, width = target.shape
        np.copyto(target, source[top : top + height, left : left + width])
        left, top = tile.left // 2, tile.top // 2
    return HostImage(part)

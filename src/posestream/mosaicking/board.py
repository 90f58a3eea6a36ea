"""What stands in each place of a mosaic, drawn again only where it changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from posestream.errors import MissingDependencyError
from posestream.images import HostImage, Image
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.overlay.layout import Tile, layout
from posestream.overlay.mosaic import MosaicCanvas
from posestream.overlay.tiles import SQUARE

_log = logging.getLogger("posestream")


class TileCanvas(Protocol):
    """What tiles are drawn on, one by one, by one thread; see `MosaicCanvas`."""

    def put(self, place: int, image: Image, *, name: str, pixel_aspect: Fraction = SQUARE) -> None:
        """Show a picture with the stream's name."""
        ...

    def put_dimmed(
        self, place: int, image: Image, *, name: str, note: str, pixel_aspect: Fraction = SQUARE
    ) -> None:
        """Show a stream's last picture, darkened, with a note."""
        ...

    def no_signal(self, place: int, *, name: str, reason: str) -> None:
        """Say that a stream has no picture."""
        ...

    def clear(self, place: int) -> None:
        """Show nothing in a place."""
        ...

    def image(self) -> HostImage:
        """Return the whole; it stays as it is while the canvas is drawn on."""
        ...


GpuCanvases = Callable[[Sequence[Tile], tuple[int, int], int | None], TileCanvas]
"""Makes a canvas for tiles of a picture of a size on a GPU, by its number; tests give None."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a place shows."""

    name: str
    """Name of the stream."""
    image: Image | None
    """Its picture; ``None`` if there is no signal."""
    note: str | None = None
    """Why there is no signal, or what is written over a picture that is over."""
    pixel_aspect: Fraction = SQUARE
    """Width of the picture's pixels over their height."""

    @classmethod
    def of(
        cls,
        name: str,
        image: Image | None,
        *,
        ended: bool,
        trouble: str | None,
        pixel_aspect: Fraction = SQUARE,
    ) -> View:
        """Decide what to show of a stream.

        Args:
            name: Name of the stream.
            image: Its latest picture, if there ever was one.
            ended: Whether no more will come.
            trouble: Why none comes; ``None`` if all is well.
            pixel_aspect: Width of the picture's pixels over their height.
        """
        if ended:
            return cls(name, image, trouble or "ended", pixel_aspect)
        if image is None or trouble is not None:
            return cls(name, None, trouble or "")
        return cls(name, image, None, pixel_aspect)

    @property
    def look(self) -> tuple[object, ...]:
        """What tells it from others; holds no picture of a GPU."""
        image = self.image
        shown = image.token if isinstance(image, DrawnLater) else image
        return shown, self.name, self.note, self.pixel_aspect


class Board:
    """Draws views into a mosaic, and lays the places anew when their number changes.

    It is drawn in main memory until the first picture comes that is on a GPU, and on that GPU from
    then on.

    Args:
        size: Width and height of the whole, pixels.
        shape: Columns and rows, such as ``3x2``; by default as many as are needed.
        on_gpu: Makes what is drawn on there; without it, pictures of GPUs are brought here.
    """

    def __init__(
        self, *, size: tuple[int, int], shape: str | None, on_gpu: GpuCanvases | None = None
    ) -> None:
        self._size = size
        self._shape = shape
        self._on_gpu = on_gpu
        self._moved = False
        self._device: int | None = None
        self._tiles: tuple[Tile, ...] = ()
        self._shown: list[tuple[object, ...] | None] = []

    def tiles(self, count: int) -> tuple[Tile, ...]:
        """Return the places for a number of streams.

        Raises:
            ConfigError: If there are not enough, or they would be too small.
        """
        return layout(count, shape=self._shape, size=self._size)

    def draw(self, views: Sequence[View]) -> HostImage:
        """Return the picture of at least one view; it stays as it is afterwards."""
        tiles = self.tiles(len(views))
        moves = not self._moved and self._on_gpu is not None and self._finds_a_gpu(views)
        if tiles != self._tiles or moves:
            self._tiles, self._shown = tiles, [None] * len(tiles)
            self._canvas = self._new_canvas(tiles)
        for place, old in enumerate(self._shown):
            view = views[place] if place < len(views) else None
            new = view.look if view is not None else None
            if view is not None and new != old:
                self._put(place, view)
            elif view is None and old is not None:
                self._canvas.clear(place)
            self._shown[place] = new
        return self._canvas.image()

    def _finds_a_gpu(self, views: Sequence[View]) -> bool:
        for view in views:
            surface = view.image.surface if isinstance(view.image, DrawnLater) else None
            if surface is not None:
                self._moved, self._device = True, surface.device
                return True
        return False

    def _new_canvas(self, tiles: Sequence[Tile]) -> TileCanvas:
        if self._on_gpu is not None and self._moved:
            try:
                return self._on_gpu(tiles, self._size, self._device)
            except MissingDependencyError as error:
                _log.warning("mosaic: drawn on the CPU, at a price: %s", error)
                self._on_gpu = None
        return MosaicCanvas(tiles, self._size)

    def _put(self, place: int, view: View) -> None:
        canvas, aspect = self._canvas, view.pixel_aspect
        if view.image is None:
            canvas.no_signal(place, name=view.name, reason=view.note or "")
        elif view.note is not None:
            canvas.put_dimmed(
                place, view.image, name=view.name, note=view.note, pixel_aspect=aspect
            )
        else:
            canvas.put(place, view.image, name=view.name, pixel_aspect=aspect)

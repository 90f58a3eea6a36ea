"""What stands in each place of a mosaic, drawn again only where it changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from posestream.images import HostImage, Image
from posestream.overlay.layout import Tile, layout
from posestream.overlay.mosaic import MosaicCanvas
from posestream.overlay.tiles import SQUARE


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

    def looks_like(self, other: View) -> bool:
        """Tell whether drawing this one over the other would change nothing."""
        return (self.image is other.image) and (
            (self.name, self.note, self.pixel_aspect)
            == (other.name, other.note, other.pixel_aspect)
        )


class Board:
    """Draws views into a mosaic, and lays the places anew when their number changes.

    Args:
        size: Width and height of the whole, pixels.
        shape: Columns and rows, such as ``3x2``; by default as many as are needed.
    """

    def __init__(self, *, size: tuple[int, int], shape: str | None) -> None:
        self._size = size
        self._shape = shape
        self._tiles: tuple[Tile, ...] = ()
        self._shown: list[View | None] = []

    def tiles(self, count: int) -> tuple[Tile, ...]:
        """Return the places for a number of streams.

        Raises:
            ConfigError: If there are not enough, or they would be too small.
        """
        return layout(count, shape=self._shape, size=self._size)

    def draw(self, views: Sequence[View]) -> HostImage:
        """Return the picture of at least one view; it stays as it is afterwards."""
        tiles = self.tiles(len(views))
        if tiles != self._tiles:
            self._tiles, self._shown = tiles, [None] * len(tiles)
            self._canvas = MosaicCanvas(tiles, self._size)
        for place, old in enumerate(self._shown):
            new = views[place] if place < len(views) else None
            if new is not None and not (old is not None and new.looks_like(old)):
                self._put(place, new)
            elif new is None and old is not None:
                self._canvas.clear(place)
            self._shown[place] = new
        return self._canvas.image()

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

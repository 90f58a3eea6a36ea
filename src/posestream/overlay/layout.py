"""Where each picture of a mosaic goes."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fractions import Fraction

from posestream.errors import ConfigError

WIDESCREEN = Fraction(16, 9)
_LEAST_TILE = (32, 18)
"""Under this width or height, pixels, nothing can be made out in a tile."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of a mosaic; all numbers are even, as colours come in squares of two pixels."""

    left: int
    """Column of its first pixel."""
    top: int
    """Row of its first pixel."""
    width: int
    """Pixels."""
    height: int
    """Pixels."""


@functools.lru_cache(maxsize=64)
def layout(
    count: int,
    *,
    shape: str | None = None,
    size: tuple[int, int] = (1920, 1080),
    aspect: Fraction = WIDESCREEN,
) -> tuple[Tile, ...]:
    """Divide a picture into equal tiles, row by row, centred as a whole and without gaps.

    Args:
        count: Pictures to show, at least 1.
        shape: Columns and rows, such as ``3x2``; by default those that give the largest tiles.
        size: Width and height of the whole, pixels.
        aspect: Width of a tile over its height.

    Returns:
        A tile for each picture; where the shape has more, for those, too.

    Raises:
        ConfigError: If the shape has too few places, or the tiles would be too small.
    """
    columns, rows = grid_of(shape) if shape is not None else _largest(count, size, aspect)
    if columns * rows < count:
        raise ConfigError(
            f"mosaic: {columns}x{rows} has {columns * rows} places, and there are {count} streams; "
            "give more columns or rows"
        )
    width, height = _tile_size((columns, rows), size, aspect)
    if width < _LEAST_TILE[0] or height < _LEAST_TILE[1]:
        raise ConfigError(
            f"mosaic: {columns}x{rows} tiles in {size[0]} x {size[1]} pixels have {width} x "
            f"{height} each; at least {_LEAST_TILE[0]} x {_LEAST_TILE[1]} are needed"
        )
    left, top = (size[0] - columns * width) // 4 * 2, (size[1] - rows * height) // 4 * 2
    return tuple(
        Tile(left + column * width, top + row * height, width, height)
        for row in range(rows)
        for column in range(columns)
    )


def grid_of(shape: str) -> tuple[int, int]:
    """Read columns and rows from ``3x2``.

    Raises:
        ConfigError: If it is not two whole numbers from 1 on with an x between them.
    """
    match = re.fullmatch(r"([1-9]\d{0,2})\s*[x×]\s*([1-9]\d{0,2})", shape.strip().lower())
    if match is None:
        raise ConfigError(f"mosaic: {shape!r} is not columns and rows, such as 3x2")
    return int(match[1]), int(match[2])


def _largest(count: int, size: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """Return columns and rows of the largest tiles; of equals, the fewest places, then the widest.

    Raises:
        ConfigError: If there is nothing to show.
    """
    if count < 1:
        raise ConfigError(f"mosaic: needs at least 1 stream, not {count}")

    def merit(grid: tuple[int, int]) -> tuple[int, int, int]:
        width, height = _tile_size(grid, size, aspect)
        return width * height, -grid[0] * grid[1], grid[0]

    grids = ((columns, -(-count // columns)) for columns in range(1, count + 1))
    return max(grids, key=merit)


def _tile_size(grid: tuple[int, int], size: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """Return the largest even width and height of a tile, pixels."""
    room = (size[0] // grid[0], size[1] // grid[1])
    width = min(room[0], round(room[1] * aspect))
    height = min(room[1], round(width / aspect))
    return width // 2 * 2, height // 2 * 2

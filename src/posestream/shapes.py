"""Polygons, lines and points of a picture, as people write them: fractions or pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]
Size = tuple[int, int]

MOST_POINTS = 100
_LEAST_FRACTION, _LEAST_PIXELS = 0.001, 1.0
"""Shapes narrower than this are none."""
_MOST_PIXELS = 1e6


def in_fractions(points: Sequence[Point]) -> bool:
    """Tell fractions of a picture from pixels."""
    return all(0 <= value <= 1 for point in points for value in point)


def pixels_of(
    points: Sequence[Point], size: Size, *, drawn_on: Size | None = None
) -> npt.NDArray[np.float64]:
    """Return ``(V, 2)`` where points lie in a frame, pixels.

    Args:
        points: Fractions, or pixels of a picture.
        size: Width and height of the frame.
        drawn_on: Width and height of the picture that pixels are of; by default the frame's.
    """
    whole = (1, 1) if in_fractions(points) else drawn_on or size
    return np.asarray(points, np.float64) * (np.asarray(size, np.float64) / whole)


def checked_polygon(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return a polygon's corners without a last one that only closes it.

    Raises:
        ValueError: If they are no corners of an area with a plain outline.
    """
    corners = [(float(x), float(y)) for x, y in points]
    if len(corners) > 1 and corners[0] == corners[-1]:
        corners.pop()
    if not 3 <= len(corners) <= MOST_POINTS:
        raise ValueError(
            f"a polygon has 3 to {MOST_POINTS} different points; here are {len(corners)}"
        )
    least = _checked_scale(corners)
    for n, corner in enumerate(corners):
        if corner in corners[:n]:
            raise ValueError(f"point {n + 1} is point {corners.index(corner) + 1} again: {corner}")
    if pair := _crossing_sides(corners):
        first, second = (f"{n + 1}-{(n + 1) % len(corners) + 1}" for n in pair)
        raise ValueError(f"the outline crosses itself: side {first} and side {second}")
    if abs(_area(corners)) < least**2:
        raise ValueError("the points enclose no area")
    return tuple(corners)


def checked_line(start: Point, end: Point) -> tuple[Point, Point]:
    """Return a line's ends.

    Raises:
        ValueError: If they are the same, or no points of a picture.
    """
    least = _checked_scale([start, end])
    if math.dist(start, end) < least:
        raise ValueError(f"a line needs two ends apart from each other, not {start} and {end}")
    return start, end


def checked_points(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return points of a picture.

    Raises:
        ValueError: If they are not all fractions or all pixels.
    """
    _checked_scale(points)
    return tuple(points)


def _checked_scale(points: Sequence[Point]) -> float:
    """Return the least extent that counts, in the unit of the points."""
    values = [float(value) for point in points for value in point]
    if not all(0 <= value <= _MOST_PIXELS for value in values):
        raise ValueError(
            "coordinates must be fractions of the picture, 0 to 1, or pixels from 0 on; "
            f"{next(v for v in values if not 0 <= v <= _MOST_PIXELS):g} is neither"
        )
    if in_fractions(points):
        return _LEAST_FRACTION
    if broken := [value for value in values if 0 < value < 1]:
        raise ValueError(
            f"{max(values):g} is no fraction of the picture, which are 0 to 1, and "
            f"{broken[0]:g} is no whole pixel; use one or the other"
        )
    return _LEAST_PIXELS


def _crossing_sides(corners: Sequence[Point]) -> tuple[int, int] | None:
    """Return two sides that meet elsewhere than in a corner they share."""
    count = len(corners)
    sides = [(corners[n], corners[(n + 1) % count]) for n in range(count)]
    for a in range(count):
        for b in range(a + 1, count):
            neighbours = b - a in {1, count - 1}
            if neighbours and not _folded_back(sides[a], sides[b]):
                continue
            if neighbours or _meet(*sides[a], *sides[b]):
                return a, b
    return None


def _folded_back(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Tell whether of two neighbouring sides one lies on the other."""
    shared = next(p for p in first if p in second)
    one, other = (next(p for p in side if p != shared) for side in (first, second))
    ahead = (one[0] - shared[0]) * (other[0] - shared[0]) + (one[1] - shared[1]) * (
        other[1] - shared[1]
    )
    return _turn(shared, one, other) == 0 and ahead > 0


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Tell whether the segments a-b and c-d have a point in common."""
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn == 0 and _between(*triple) for turn, triple in zip(turns, ends, strict=True))


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(a: Point, b: Point, c: Point) -> bool:
    return all(min(a[i], b[i]) <= c[i] <= max(a[i], b[i]) for i in (0, 1))


def _area(corners: Sequence[Point]) -> float:
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return sum(a[0] * b[1] - a[1] * b[0] for a, b in pairs) / 2

"""Zones and lines of a picture: what is watched, and what was counted there.

Points are fractions of the picture if all of a shape's coordinates lie in [0, 1], else pixels.
Fractions fit a stream whatever size it has; pixels are taken for those of its first frame, unless
a shape says of what size of picture they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Point = tuple[float, float]
Size = tuple[int, int]

MOST_POINTS = 100
_LEAST_FRACTION, _LEAST_PIXELS = 0.001, 1.0
"""Shapes narrower than this are none."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The part of a person whose place counts."""

    keypoints: tuple[str, ...] = ()
    """Names of keypoints; none for the feet."""
    every: bool = False
    """Whether all of them must be in a zone; else any one is enough."""


FEET = Anchor()
"""Where somebody stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area that people enter, stay in and leave.

    Raises:
        ValueError: If the polygon is none, or a time is out of range.
    """

    name: str
    """What events call it."""
    polygon: tuple[Point, ...]
    """Corners in their order, fractions or pixels of the picture."""
    dwell_s: float | None = None
    """Tell of people who stay for this long, seconds; ``None`` for nobody."""
    anchor: Anchor = FEET
    """What of a person must be in it."""
    settle_s: float = 0.3
    """Somebody must be in it, or out of it, for this long until it counts, seconds."""
    drawn_on: Size | None = None
    """Width and height of the picture that pixels are of; by default the first frame's."""

    def __post_init__(self) -> None:
        """Check the shape and the times."""
        object.__setattr__(self, "polygon", checked_polygon(self.polygon))
        _check_seconds("settle_s", self.settle_s)
        if self.dwell_s is not None:
            _check_seconds("dwell_s", self.dwell_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that people cross, either way.

    Raises:
        ValueError: If the line has no length, or a time or the directions are not allowed.
    """

    name: str
    """What events call it."""
    start: Point
    """One end, fractions or pixels of the picture."""
    end: Point
    """The other end."""
    directions: tuple[str, str] = ("in", "out")
    """What it is called to cross it towards the right-hand side of somebody who looks from the
    start to the end, and towards the left-hand side. On the screen, a line drawn from left to
    right is crossed downwards first."""
    anchor: Anchor = FEET
    """What of a person crosses it; the middle of several keypoints."""
    settle_s: float = 0.2
    """Somebody must be on the other side for this long until it counts, seconds."""
    drawn_on: Size | None = None
    """Width and height of the picture that pixels are of; by default the first frame's."""

    def __post_init__(self) -> None:
        """Check the ends, directions and times."""
        checked_line(self.start, self.end)
        _check_seconds("settle_s", self.settle_s)
        if len(set(self.directions)) != 2 or not all(self.directions):
            raise ValueError(f"directions must be two different words, not {self.directions}")


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """How many people are and were in a zone."""

    name: str
    """Name of the zone."""
    present: int
    """People in it now."""
    entered: int
    """Visits begun since the start."""
    left: int
    """Visits ended since the start."""
    dwelt: int
    """Visits that lasted as long as the zone tells of."""


@dataclass(frozen=True, slots=True)
class LineCount:
    """How many people crossed a line."""

    name: str
    """Name of the line."""
    directions: tuple[str, str]
    """What the two ways are called."""
    crossed: tuple[int, int]
    """Crossings each way since the start."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted at all zones and lines of a stream."""

    zones: tuple[ZoneCount, ...] = ()
    """In the order of the settings."""
    lines: tuple[LineCount, ...] = ()
    """In the order of the settings."""

    def to_dict(self) -> dict[str, object]:
        """Return the counts as plain JSON values."""
        zones = {
            z.name: {"present": z.present, "entered": z.entered, "left": z.left, "dwelt": z.dwelt}
            for z in self.zones
        }
        lines = {
            line.name: dict(zip(line.directions, line.crossed, strict=True)) for line in self.lines
        }
        return {"zones": zones, "lines": lines}


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """How a frame's people move on the ground; rows as in its tracks."""

    places: npt.NDArray[np.floating]
    """``(P, 2)`` metres; NaN beyond the horizon, or for people without an identity."""
    speeds: npt.NDArray[np.floating]
    """``(P,)`` metres per second, smoothed; NaN while not known."""
    distances: npt.NDArray[np.floating]
    """``(P,)`` metres walked since first seen."""

    def to_dicts(self) -> list[dict[str, object]]:
        """Return each person's row as plain JSON values; what is not known is left out."""
        return [
            {
                name: [round(v, 2) for v in value] if isinstance(value, list) else round(value, 2)
                for name, value in zip(("place_m", "speed_m_s", "distance_m"), row, strict=True)
                if np.isfinite(value).all()
            }
            for row in zip(
                self.places.tolist(), self.speeds.tolist(), self.distances.tolist(), strict=True
            )
        ]


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
    if not all(0 <= value <= 1e6 for value in values):
        raise ValueError(
            "coordinates must be fractions of the picture, 0 to 1, or pixels from 0 on; "
            f"{next(v for v in values if not 0 <= v <= 1e6):g} is neither"
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


def _check_seconds(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be seconds from 0 on, not {value}")

"""Who crosses which line, and which way.

A line has two sides far beyond its ends, but only ways through the line itself count: who walks
around an end changes sides without crossing. Somebody must be clear of the line, by a margin and
for the line's settling time, until a crossing is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.shapes import pixels_of
from posestream.zones import Line, LineCount

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody crossed a line."""

    row: int
    """The person's row."""
    line: int
    """The line's place in the settings."""
    way: int
    """0 for the line's first direction, 1 for its second."""
    ago_s: float
    """How long the person has been clear of the line on the new side, seconds."""


class Crossings:
    """Keeps for each row and line on which side somebody is.

    Args:
        lines: What is watched.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = tuple(lines)
        self._settle_s = np.array([line.settle_s for line in lines], np.float64)
        self._ends = np.zeros((len(lines), 2, 2))
        shape = (0, len(lines))
        self._side = np.zeros(shape, np.int64)
        """``(R, L)`` 1 on the right-hand side, -1 on the left, 0 where it is not known."""
        self._net = np.zeros(shape, np.int64)
        """Ways through the line to the right less those to the left, since last clear of it."""
        self._since_s = np.zeros(shape)
        self._places = np.zeros((*shape, 2))
        self._crossed = np.zeros((len(lines), 2), np.int64)

    @property
    def counts(self) -> tuple[LineCount, ...]:
        """Crossings of each line so far."""
        return tuple(
            LineCount(line.name, line.directions, (int(first), int(second)))
            for line, (first, second) in zip(self._lines, self._crossed, strict=True)
        )

    def resize(
        self, size: tuple[int, int], *, drawn_on: tuple[int, int], before: tuple[int, int]
    ) -> None:
        """Lay the lines into a frame of another size.

        Args:
            size: Width and height from now on.
            drawn_on: Size of the picture that pixels are of where a line does not say.
            before: Size of the frame until now.
        """
        ends = [
            pixels_of((line.start, line.end), size, drawn_on=line.drawn_on or drawn_on)
            for line in self._lines
        ]
        self._ends = np.array(ends, np.float64).reshape(-1, 2, 2)
        self._places *= np.asarray(size) / np.asarray(before, np.float64)

    def begin(self, rows: Rows, *, capacity: int) -> None:
        """Make room for so many rows, and forget whoever had these before."""
        more = capacity - len(self._side)
        if more > 0:
            for name in ("_side", "_net", "_since_s", "_places"):
                array = getattr(self, name)
                added = np.zeros((more, *array.shape[1:]), array.dtype)
                setattr(self, name, np.concatenate([array, added]))
        self._side[rows] = self._net[rows] = 0
        self._since_s[rows] = self._places[rows] = np.nan

    def look(
        self,
        rows: Rows,
        places: Floats,
        margins: Floats,
        leapt: npt.NDArray[np.bool_],
        now_s: float,
    ) -> list[Crossing]:
        """Take in where a frame's people are.

        Args:
            rows: ``(P,)`` each person's row.
            places: ``(P, L, 2)`` where they are for each line, frame pixels; NaN where nobody can
                tell.
            margins: ``(P,)`` how far from a line somebody is clear of it, pixels.
            leapt: ``(P,)`` whether they cannot have come there on foot; then the way is not known.
            now_s: Seconds watched.
        """
        told = np.zeros(places.shape[:2], np.int8)
        ago_s = np.zeros(places.shape[:2])
        advance_sides(
            rows,
            places,
            margins,
            leapt,
            now_s,
            (self._ends, self._settle_s),
            (self._side, self._net, self._since_s, self._places),
            (told, ago_s),
        )
        if not told.any():
            return []
        crossings = [
            Crossing(int(rows[p]), int(n), int(told[p, n] < 0), float(ago_s[p, n]))
            for p, n in np.argwhere(told)
        ]
        for crossing in crossings:
            self._crossed[crossing.line, crossing.way] += 1
        return crossings


@compiled(allocates=False)
def advance_sides(
    rows: Rows,
    places: Floats,
    margins: Floats,
    leapt: npt.NDArray[np.bool_],
    now_s: float,
    bounds: tuple[Floats, Floats],
    state: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats, Floats],
    out: tuple[npt.NDArray[np.int8], Floats],
) -> None:
    """Take a frame into the sides that people are on; see `Crossings.look`.

    Args:
        rows: ``(P,)`` each person's row.
        places: ``(P, L, 2)`` pixels.
        margins: ``(P,)`` pixels.
        leapt: ``(P,)`` whether the way to the place is not known.
        now_s: Seconds watched.
        bounds: ``(L, 2, 2)`` ends of the lines, pixels, and ``(L,)`` seconds to settle.
        state: ``(R, L)`` side, net of the ways through, and since when clear on the other side;
            ``(R, L, 2)`` last places.
        out: ``(P, L)`` 1 for a crossing to the right, -1 to the left, and for how long clear; both
            were zero.
    """
    ends, settle_s = bounds
    side, net, since_s, last = state
    told, ago_s = out
    for p in range(len(rows)):
        r = rows[p]
        if leapt[p]:
            side[r], net[r] = 0, 0
            since_s[r], last[r] = np.nan, np.nan
        for n in range(len(settle_s)):
            x, y = places[p, n]
            if np.isnan(x + y):
                continue
            offset = _offset(ends[n], x, y)
            net[r, n] += _way_through(ends[n], last[r, n, 0], last[r, n, 1], x, y)
            last[r, n, 0], last[r, n, 1] = x, y
            if side[r, n] == 0:
                # Somebody new counts as on the side where they are seen first, however near.
                side[r, n] = 1 if offset >= 0 else -1
            elif side[r, n] * offset >= 0:
                since_s[r, n] = np.nan
                if abs(offset) > margins[p]:
                    net[r, n] = 0
            elif abs(offset) > margins[p]:
                since_s[r, n] = now_s if np.isnan(since_s[r, n]) else since_s[r, n]
                clear_s = now_s - since_s[r, n]
                if clear_s >= settle_s[n]:
                    told[p, n] = -side[r, n] if net[r, n] * side[r, n] < 0 else 0
                    ago_s[p, n] = clear_s
                    side[r, n], net[r, n], since_s[r, n] = -side[r, n], 0, np.nan


@compiled(cached=False, allocates=False)
def _offset(ends: Floats, x: float, y: float) -> float:
    """Return how far a point is from a line, pixels, positive on the right."""
    dx, dy = ends[1, 0] - ends[0, 0], ends[1, 1] - ends[0, 1]
    return (dx * (y - ends[0, 1]) - dy * (x - ends[0, 0])) / np.hypot(dx, dy)


@compiled(cached=False, allocates=False)
def _way_through(ends: Floats, from_x: float, from_y: float, x: float, y: float) -> int:
    """Return 1 where a way goes through a line to the right, -1 to the left, else 0."""
    first, second = _offset(ends, from_x, from_y), _offset(ends, x, y)
    if np.isnan(first) or (first >= 0) == (second >= 0):
        return 0
    share = first / (first - second)
    dx, dy = ends[1, 0] - ends[0, 0], ends[1, 1] - ends[0, 1]
    at_x, at_y = from_x + share * (x - from_x), from_y + share * (y - from_y)
    along = (at_x - ends[0, 0]) * dx + (at_y - ends[0, 1]) * dy
    if along < 0 or along > dx * dx + dy * dy:
        return 0
    return 1 if second >= 0 else -1

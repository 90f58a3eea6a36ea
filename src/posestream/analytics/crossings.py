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

from posestream.zones import Line, LineCount, pixels_of

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
        side, net = self._side[rows], self._net[rows] + self._passed(self._places[rows], places)
        side[leapt], net[leapt] = 0, 0
        offsets = _offsets(places, self._ends)
        with np.errstate(invalid="ignore"):
            clear = np.where(np.abs(offsets) > margins[:, None], np.sign(offsets), 0)
        clear = np.nan_to_num(clear).astype(np.int64)
        since = self._since_s[rows]
        contrary = (clear != 0) & (side == -clear)
        since[side * offsets > 0] = np.nan  # back again, however near the line
        since = np.where(contrary & np.isnan(since), now_s, since)
        settled = contrary & (now_s - since >= self._settle_s)
        told = settled & (net * clear > 0)
        crossings = [
            Crossing(int(rows[p]), int(n), int(clear[p, n] < 0), float(now_s - since[p, n]))
            for p, n in np.argwhere(told)
        ]
        for crossing in crossings:
            self._crossed[crossing.line, crossing.way] += 1
        since[settled | leapt[:, None]] = np.nan
        net[settled | ((clear != 0) & ~contrary)] = 0
        # Somebody new counts as on the side where they are seen first, however near the line.
        fresh = (side == 0) & ~np.isnan(offsets)
        side = np.where(settled, clear, np.where(fresh, np.where(offsets >= 0, 1, -1), side))
        self._side[rows], self._net[rows], self._since_s[rows] = side, net, since
        self._places[rows] = np.where(np.isnan(places), self._places[rows], places)
        return crossings

    def _passed(self, before: Floats, after: Floats) -> npt.NDArray[np.int64]:
        """Return ``(P, L)`` 1 where a way goes through a line to the right, -1 to the left."""
        first, second = _offsets(before, self._ends), _offsets(after, self._ends)
        starts, ways = self._ends[:, 0], self._ends[:, 1] - self._ends[:, 0]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = (first / (first - second))[..., None]
            along = ((before + share * (after - before) - starts) * ways).sum(axis=2)
            along /= (ways * ways).sum(axis=1)
            through = ((first >= 0) != (second >= 0)) & (along >= 0) & (along <= 1)
        return np.where(through, np.where(second >= 0, 1, -1), 0)


def _offsets(places: Floats, ends: Floats) -> Floats:
    """Return ``(P, L)`` how far places are from the lines, pixels, positive on the right."""
    ways = ends[:, 1] - ends[:, 0]
    apart = places - ends[:, 0]
    across = ways[:, 0] * apart[..., 1] - ways[:, 1] * apart[..., 0]
    return across / np.hypot(ways[:, 0], ways[:, 1])

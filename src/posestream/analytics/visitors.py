"""Who is who over time: rows of memory for tracks, held through short losses and new identities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FASTEST = 8.0
"""Nobody runs faster, own heights per second."""
_SLACK = 1.0
"""Feet found in another way may jump by this, own heights, at any time."""
_STRAY = 1.0
"""How far somebody out of sight may have gone, own heights per second."""
_ALIKE = 2.0
"""Most that a person's size changes from one identity to the next, as a factor."""


@dataclass(frozen=True, slots=True, eq=False)
class Gone:
    """Somebody who has not been seen for too long."""

    track: int
    """The identity they had."""
    row: int
    """Their row, free from now on."""
    seen_s: float
    """When they were seen last, seconds watched."""


@dataclass(frozen=True, slots=True, eq=False)
class Seating:
    """Where the memory of a frame's people lies."""

    rows: npt.NDArray[np.intp]
    """``(P,)`` row of each person."""
    fresh: npt.NDArray[np.bool_]
    """``(P,)`` whether they are new, so that the row says nothing of them yet."""
    leapt: npt.NDArray[np.bool_]
    """``(P,)`` whether they are farther from their last place than anybody could be."""
    gone: tuple[Gone, ...]
    """Whom to forget."""


class Visitors:
    """Keeps one row per person.

    A new identity that begins where another has just ended takes over its row.

    Args:
        grace_s: How long somebody out of sight is remembered, seconds.
        reach: How far from the last place a new identity may begin to be the same person, own
            heights.
    """

    def __init__(self, *, grace_s: float, reach: float = 1.0) -> None:
        self.capacity = 8
        """Rows there are."""
        self._grace_s, self._reach = grace_s, reach
        self._rows: dict[int, int] = {}
        self._free = list(range(self.capacity))
        self._seen_s = np.zeros(self.capacity)
        self._placed_s = np.zeros(self.capacity)
        self._missing_s = np.full(self.capacity, np.nan)
        self._places = np.full((self.capacity, 2), np.nan)  # fractions of the frame
        self._heights = np.full(self.capacity, np.nan)  # fractions of the frame's height

    def __len__(self) -> int:
        """Return how many people are remembered."""
        return len(self._rows)

    @property
    def rows(self) -> dict[int, int]:
        """Row of each remembered identity."""
        return dict(self._rows)

    def seat(
        self,
        ids: Sequence[int],
        places: Floats,
        heights: Floats,
        *,
        size: tuple[int, int],
        now_s: float,
    ) -> Seating:
        """Return the row of each person, and forget who has been away for too long.

        Args:
            ids: Identities in this frame, each once.
            places: ``(P, 2)`` where they stand, frame pixels; NaN where nobody can tell.
            heights: ``(P,)`` pixels.
            size: Width and height of the frame.
            now_s: Seconds watched; never less than before.
        """
        here = set(ids)
        lost = {track: row for track, row in self._rows.items() if track not in here}
        rows, fresh = np.empty(len(ids), np.intp), np.zeros(len(ids), np.bool_)
        for p, track in enumerate(ids):
            row = self._rows.get(track)
            if row is None:
                row = self._heir(track, lost, places[p], heights[p], size, now_s)
            if row is None:
                row, fresh[p] = self._new_row(track), True
            rows[p] = row
        gone = self._absent(lost, now_s)
        leapt = self._moved(rows, fresh, places, heights, np.asarray(size, np.float64), now_s)
        return Seating(rows, fresh, leapt, gone)

    def _heir(
        self,
        track: int,
        lost: dict[int, int],
        place: Floats,
        height: float,
        size: tuple[int, int],
        now_s: float,
    ) -> int | None:
        """Hand the row of the nearest person out of sight to a new identity."""
        nearest, best = None, np.inf
        for other, row in lost.items():
            tall = max(self._heights[row] * size[1], height)
            apart = np.hypot(*(self._places[row] * size - place)) / tall
            reach = self._reach + _STRAY * (now_s - self._seen_s[row])
            alike = tall <= _ALIKE * min(self._heights[row] * size[1], height)
            if alike and apart <= reach and apart < best:
                nearest, best = other, apart
        if nearest is None:
            return None
        self._rows.pop(nearest)
        self._rows[track] = row = lost.pop(nearest)
        return row

    def _new_row(self, track: int) -> int:
        if not self._free:
            more = self.capacity
            self._free = list(range(more, 2 * more))
            self.capacity = 2 * more
            for name in ("_seen_s", "_placed_s", "_missing_s", "_places", "_heights"):
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, np.full_like(array, np.nan)]))
        self._rows[track] = row = self._free.pop()
        return row

    def _absent(self, lost: dict[int, int], now_s: float) -> tuple[Gone, ...]:
        """Note from when on people are missing, and free the rows of those long gone.

        Only frames without somebody count, so that a stream that stalls loses nobody.
        """
        gone: list[Gone] = []
        for track, row in lost.items():
            if np.isnan(self._missing_s[row]):
                self._missing_s[row] = now_s
            if now_s - self._missing_s[row] > self._grace_s:
                gone.append(Gone(track, row, float(self._seen_s[row])))
                del self._rows[track]
                self._free.append(row)
        return tuple(gone)

    def _moved(
        self,
        rows: npt.NDArray[np.intp],
        fresh: npt.NDArray[np.bool_],
        places: Floats,
        heights: Floats,
        size: Floats,
        now_s: float,
    ) -> npt.NDArray[np.bool_]:
        """Write places down, and return who cannot have come there on foot."""
        self._places[rows[fresh]] = np.nan
        away = np.hypot(*(self._places[rows] * size - places).T)
        way = _FASTEST * (now_s - self._placed_s[rows]) + _SLACK
        there = ~np.isnan(places[:, 0])
        self._places[rows[there]] = places[there] / size
        self._placed_s[rows[there]] = now_s
        self._heights[rows] = heights / size[1]
        self._seen_s[rows], self._missing_s[rows] = now_s, np.nan
        return away > way * heights  # False where a place is not known

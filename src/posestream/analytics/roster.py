"""What is remembered of each person: one record per track, handed over when a track breaks.

Trackers lose people who fall: the pose changes within a few frames more than walking changes it in
an hour. A new track that begins where another one has just ended takes over its record.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.analytics.bodies import Floats

Records = npt.NDArray[Any]
"""``(N,)`` structured array."""


@dataclass(slots=True)
class _Seat:
    """Where a track's record lies, and where the person was seen last."""

    row: int
    seen_s: float
    place: tuple[float, float]
    stature: float


class Roster:
    """Keeps one record per track.

    Args:
        blank: ``(1,)`` structured array, the record of somebody new.
        patience_s: How long somebody unseen is remembered, seconds.
        reach: How far from the last place a new track takes over the record, statures.
    """

    def __init__(self, blank: Records, *, patience_s: float, reach: float = 1.0) -> None:
        self.records = np.repeat(blank, 8)
        """Record of every row, of people in the picture and of those remembered."""
        self._blank = blank
        self._patience_s = patience_s
        self._reach = reach
        self._seats: dict[int, _Seat] = {}
        self._free = list(range(len(self.records)))
        self._longer: dict[int, float] = {}

    def __contains__(self, track: int) -> bool:
        """Tell whether a track has a record."""
        return track in self._seats

    def __len__(self) -> int:
        """Return the number of tracks that have a record."""
        return len(self._seats)

    @property
    def rows(self) -> dict[int, int]:
        """Row of each remembered track."""
        return {track: seat.row for track, seat in self._seats.items()}

    def clear(self) -> None:
        """Forget everybody."""
        self._seats.clear()
        self._longer.clear()
        self._free = list(range(len(self.records)))

    def rescale(self, across: float, down: float) -> None:
        """Move everybody's last place into a picture of another size."""
        for seat in self._seats.values():
            seat.place = (seat.place[0] * across, seat.place[1] * down)
            seat.stature *= down

    def remember_longer(self, track: int, patience_s: float) -> None:
        """Keep a track's record for another time than usual after it was seen last."""
        self._longer[track] = patience_s

    def seat(
        self, tracks: list[int], places: Floats, statures: Floats, time_s: float
    ) -> npt.NDArray[np.intp]:
        """Return the row of each track, of a new one where there was none.

        Args:
            tracks: Identities in this frame, each once.
            places: ``(P, 2)`` middle of each person, frame pixels; NaN where nobody can tell.
            statures: ``(P,)`` pixels.
            time_s: Time of the frame; must not go back.
        """
        self.forget(time_s)
        here = set(tracks)
        rows = np.empty(len(tracks), np.intp)
        for p, track in enumerate(tracks):
            place = (float(places[p, 0]), float(places[p, 1]))
            stature = float(statures[p])
            if (seat := self._seats.get(track)) is None:
                seat = self._taken_over(track, here, place, stature) or self._seated(track)
            rows[p] = seat.row
            seat.seen_s = time_s
            if math.isfinite(place[0]):
                seat.place = place
            if math.isfinite(stature):
                seat.stature = stature
        return rows

    def forget(self, time_s: float) -> None:
        """Forget those who have been out of sight for too long."""
        for track, seat in list(self._seats.items()):
            if time_s - seat.seen_s > self._longer.get(track, self._patience_s):
                del self._seats[track]
                self._longer.pop(track, None)
                self._free.append(seat.row)

    def _seated(self, track: int) -> _Seat:
        if not self._free:
            rows = len(self.records)
            self.records = np.concatenate([self.records, np.repeat(self._blank, rows)])
            self._free = list(range(rows, 2 * rows))
        row = self._free.pop()
        self.records[row] = self._blank[0]
        self._seats[track] = seat = _Seat(row, -math.inf, (math.nan, math.nan), math.nan)
        return seat

    def _taken_over(
        self, track: int, here: set[int], place: tuple[float, float], stature: float
    ) -> _Seat | None:
        """Give a new track the nearest record whose own track is not in the picture."""
        nearest, best = None, self._reach
        for other, seat in self._seats.items():
            if other in here:
                continue
            size = np.fmax(seat.stature, stature)
            distance = math.dist(place, seat.place) / size if size > 0 else math.nan
            if distance < best:
                nearest, best = other, distance
        if nearest is None:
            return None
        self._seats[track] = seat = self._seats.pop(nearest)
        if nearest in self._longer:
            self._longer[track] = self._longer.pop(nearest)
        return seat

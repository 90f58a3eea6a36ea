"""Who is in which zone, since when: hysteresis across the border, patience in time.

Within a margin of the border nothing changes. Beyond it, somebody must stay on the new side for the
zone's settling time; one look at the old side, however near the border, begins that anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.events import DWELL, ENTER, LEAVE
from posestream.zones import Zone, ZoneCount

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class VisitChange:
    """Somebody entered a zone, left it, or has been in it for long."""

    kind: str
    """`ENTER`, `LEAVE` or `DWELL`."""
    row: int
    """The person's row."""
    zone: int
    """The zone's place in the settings."""
    stay_s: float
    """How long the visit has lasted, or lasted, seconds."""
    unseen_s: float = 0.0
    """How long the person has been out of sight, seconds."""


class Visits:
    """Keeps for each row and zone whether somebody is in it.

    Args:
        zones: What is watched.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = tuple(zones)
        self._settle_s = np.array([zone.settle_s for zone in zones], np.float64)
        self._dwell_s = np.array(
            [np.inf if zone.dwell_s is None else zone.dwell_s for zone in zones], np.float64
        )
        shape = (0, len(zones))
        self.inside = np.zeros(shape, np.bool_)
        """``(R, Z)`` whether each row's person is in each zone."""
        self._since_s = np.zeros(shape)
        """When the person was first seen on the other side than where they count; else NaN."""
        self._entered_s = np.zeros(shape)
        self._dwelt = np.zeros(shape, np.bool_)
        self._totals = {kind: np.zeros(len(zones), np.int64) for kind in (ENTER, LEAVE, DWELL)}

    @property
    def counts(self) -> tuple[ZoneCount, ...]:
        """People in each zone, and its visits so far."""
        entered, left, dwelt = (self._totals[kind].tolist() for kind in (ENTER, LEAVE, DWELL))
        present = self.inside.sum(axis=0).tolist()
        return tuple(
            ZoneCount(zone.name, *numbers)
            for zone, *numbers in zip(self._zones, present, entered, left, dwelt, strict=True)
        )

    def begin(self, rows: Rows, *, capacity: int) -> None:
        """Make room for so many rows, and forget whoever had these before."""
        more = capacity - len(self.inside)
        if more > 0:
            for name in ("inside", "_since_s", "_entered_s", "_dwelt"):
                array = getattr(self, name)
                added = np.zeros((more, array.shape[1]), array.dtype)
                setattr(self, name, np.concatenate([array, added]))
        self.inside[rows] = self._dwelt[rows] = False
        self._since_s[rows] = np.nan

    def look(
        self, rows: Rows, depths: Floats, leapt: npt.NDArray[np.bool_], now_s: float
    ) -> list[VisitChange]:
        """Take in where a frame's people are.

        Args:
            rows: ``(P,)`` each person's row.
            depths: ``(P, Z)`` how far inside each zone they are, in margins: over 1 is inside,
                under -1 outside, NaN where nobody can tell.
            leapt: ``(P,)`` whether to take this frame as no proof of anything.
            now_s: Seconds watched.
        """
        inside, since = self.inside[rows], self._since_s[rows]
        with np.errstate(invalid="ignore"):
            is_in, is_out = depths > 1, depths < -1
            back = np.where(inside, depths > 0, depths < 0)
        since[back | leapt[:, None]] = np.nan
        contrary = np.where(inside, is_out, is_in) & ~leapt[:, None]
        since = np.where(contrary & np.isnan(since), now_s, since)
        settled = contrary & (now_s - since >= self._settle_s)
        entered, left = settled & ~inside, settled & inside
        first_s = np.where(entered, since, self._entered_s[rows])
        inside ^= settled
        long = (
            is_in
            & inside
            & ~leapt[:, None]
            & ~self._dwelt[rows]
            & (now_s - first_s >= self._dwell_s)
        )
        changes = self._told(ENTER, entered, rows, now_s - first_s)
        changes += self._told(DWELL, long, rows, now_s - first_s)
        changes += self._told(LEAVE, left, rows, since - first_s)
        self._since_s[rows] = np.where(settled, np.nan, since)
        self._dwelt[rows] = (self._dwelt[rows] | long) & inside
        self.inside[rows], self._entered_s[rows] = inside, first_s
        return changes

    def leave(self, row: int, *, seen_s: float, now_s: float) -> list[VisitChange]:
        """End the visits of somebody who has not been seen for too long."""
        mask, stay_s = self.inside[[row]], seen_s - self._entered_s[[row]]
        changes = self._told(LEAVE, mask, np.array([row]), stay_s, unseen_s=now_s - seen_s)
        self.inside[row] = False
        return changes

    def _told(
        self,
        kind: str,
        mask: npt.NDArray[np.bool_],
        rows: Rows,
        stay_s: Floats,
        *,
        unseen_s: float = 0.0,
    ) -> list[VisitChange]:
        if not mask.any():
            return []
        self._totals[kind] += mask.sum(axis=0)
        return [
            VisitChange(kind, int(rows[p]), int(z), max(float(stay_s[p, z]), 0.0), unseen_s)
            for p, z in np.argwhere(mask)
        ]

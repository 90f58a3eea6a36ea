"""Who is in which zone, since when: hysteresis across the border, patience in time.

Within a margin of the border nothing changes. Beyond it, somebody must stay on the new side for the
zone's settling time; one look at the old side, however near the border, begins that anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.events import DWELL, ENTER, LEAVE
from posestream.zones import Zone, ZoneCount

_ENTERED, _DWELT, _LEFT = 1, 2, 4
_BITS = {ENTER: _ENTERED, DWELL: _DWELT, LEAVE: _LEFT}

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
        told = np.zeros(depths.shape, np.int8)
        stay_s = np.zeros(depths.shape)
        advance_visits(
            rows,
            depths,
            leapt,
            now_s,
            (self._settle_s, self._dwell_s),
            (self.inside, self._since_s, self._entered_s, self._dwelt),
            (told, stay_s),
        )
        if not told.any():
            return []
        return [
            change
            for kind, bit in _BITS.items()
            for change in self._told(kind, (told & bit) > 0, rows, stay_s)
        ]

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
        self._totals[kind] += mask.sum(axis=0)
        return [
            VisitChange(kind, int(rows[p]), int(z), max(float(stay_s[p, z]), 0.0), unseen_s)
            for p, z in np.argwhere(mask)
        ]


@compiled(allocates=False)
def advance_visits(
    rows: Rows,
    depths: Floats,
    leapt: npt.NDArray[np.bool_],
    now_s: float,
    bounds: tuple[Floats, Floats],
    state: tuple[npt.NDArray[np.bool_], Floats, Floats, npt.NDArray[np.bool_]],
    out: tuple[npt.NDArray[np.int8], Floats],
) -> None:
    """Take a frame into the state of visits; see `Visits.look`.

    Args:
        rows: ``(P,)`` each person's row.
        depths: ``(P, Z)`` margins.
        leapt: ``(P,)`` frames that prove nothing.
        now_s: Seconds watched.
        bounds: ``(Z,)`` seconds to settle and to dwell.
        state: ``(R, Z)`` inside or not; since when on the other side, or NaN; when entered; whether
            dwelling was told.
        out: ``(P, Z)`` what to tell, as bits, and how long the visit has lasted; both were zero.
    """
    settle_s, dwell_s = bounds
    inside, since_s, entered_s, dwelt = state
    told, stay_s = out
    for p in range(len(rows)):
        r = rows[p]
        for z in range(len(settle_s)):
            depth = depths[p, z]
            if leapt[p]:
                since_s[r, z] = np.nan
            if leapt[p] or np.isnan(depth):
                continue
            beyond = -depth if inside[r, z] else depth
            if beyond <= 0:
                since_s[r, z] = np.nan
            elif beyond > 1 and np.isnan(since_s[r, z]):
                since_s[r, z] = now_s
            if beyond > 1 and now_s - since_s[r, z] >= settle_s[z]:
                if inside[r, z]:
                    told[p, z], stay_s[p, z] = _LEFT, since_s[r, z] - entered_s[r, z]
                else:
                    told[p, z], stay_s[p, z] = _ENTERED, now_s - since_s[r, z]
                    entered_s[r, z], dwelt[r, z] = since_s[r, z], False
                inside[r, z], since_s[r, z] = not inside[r, z], np.nan
            stayed_s = now_s - entered_s[r, z]
            if inside[r, z] and depth > 1 and not dwelt[r, z] and stayed_s >= dwell_s[z]:
                dwelt[r, z] = True
                told[p, z] |= _DWELT
                stay_s[p, z] = stayed_s

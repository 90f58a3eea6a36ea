"""Tell falls from everything else people do, and who stays on the ground.

Each person goes through these states::

    UPRIGHT --sinks fast--> FALLING --low for a moment--> DOWN --still down--> LONG_LIE
       ^                       |                           |                      |
       +-----not low in time---+                           +------up for a moment-+

A fall is a body that sinks far, fast, hips and all, and is then low above its own ground. Sitting
down is not far, stooping leaves the hips up, lying down on purpose is slow, and who has been lying
does not sink. It is told in a frame that shows them: who sinks and is not seen again walked out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from posestream.analytics.bodies import Bodies, Floats, measure_bodies
from posestream.analytics.body_parts import BodyParts
from posestream.analytics.descents import (
    FIELDS,
    Descents,
    add_samples,
    blank_descent,
    learn_statures,
    measure_descents,
    rescale_descents,
)
from posestream.analytics.fall_settings import FallSettings
from posestream.analytics.fall_states import (
    FIELDS as STATE_FIELDS,
)
from posestream.analytics.fall_states import (
    STATES,
    Changes,
    advance,
    blank_state,
    bounds_table,
    certainty,
)
from posestream.analytics.roster import Records, Roster
from posestream.events import FALL, LONG_LIE, RECOVERED, Event
from posestream.topology import Topology
from posestream.types import Tracks

_STEP_S = 0.045
"""Between frames that are looked at; 48 of them, which is what is remembered, last two seconds."""
_REMEMBERED_S = 2.0
_FALLEN_REMEMBERED_S = 60.0
_SAME_PLACE = 1.0
"""Falls nearer to each other than this are of one person, seen twice; statures."""


class FallDetector:
    """Watches the tracked people of one stream.

    Args:
        topology: What the keypoints mean.
        stream: Name of the stream, for the events.
        settings: What counts as a fall.
        zone_settings: Other settings for people in a zone, by its name, such as a bed.
        min_keypoint_score: Least score of a keypoint that counts.
        roll_deg: How far the camera is turned clockwise about its line of sight, degrees.

    Raises:
        ValueError: If the topology lacks shoulders, hips, knees or ankles.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        stream: str = "",
        settings: FallSettings | None = None,
        zone_settings: Mapping[str, FallSettings] | None = None,
        min_keypoint_score: float = 0.15,
        roll_deg: float = 0.0,
    ) -> None:
        self._parts = BodyParts.of(topology)
        self._stream = stream
        zones = zone_settings or {}
        self._bounds = bounds_table([settings or FallSettings(), *zones.values()])
        self._zones = {name: number for number, name in enumerate(zones, start=1)}
        self._min_score = min_keypoint_score
        self._roll_deg = roll_deg
        self._roster = Roster(_blank(), patience_s=_REMEMBERED_S)
        self._last_s = -np.inf
        self._size: tuple[int, int] | None = None
        self._recent: list[tuple[float, float, float, float]] = []

    @property
    def states(self) -> dict[int, str]:
        """State of each remembered track."""
        states = self._roster.records["state"]
        return {track: STATES[states[row]] for track, row in self._roster.rows.items()}

    def update(
        self,
        tracks: Tracks,
        *,
        pts_s: float,
        wall_s: float = 0.0,
        size: tuple[int, int] | None = None,
        zones: Sequence[str | None] = (),
    ) -> list[Event]:
        """Take in one frame and return what it settled.

        A frame less than a twentieth of a second after the last is passed over, which more would
        tell nothing new; one of an earlier time means that the stream began anew, and everybody is
        forgotten.

        Args:
            tracks: The people; those without an identity are passed over.
            pts_s: Time of the frame, seconds.
            wall_s: When it was read, for the events.
            size: Width and height of the frame, pixels; needed if they change midway.
            zones: The zone that each person is in, if any; nothing without zones.
        """
        if pts_s < self._last_s:
            self._roster.clear()
            self._recent.clear()
        elif pts_s - self._last_s < _STEP_S:
            return []
        self._last_s = pts_s
        if size and self._size and size != self._size:
            self._rescale(size[0] / self._size[0], size[1] / self._size[1])
        self._size = size or self._size
        self._roster.forget(pts_s)
        known = np.flatnonzero(tracks.ids >= 0)
        if not len(known):
            return []
        ids, first = np.unique(tracks.ids[known], return_index=True)
        people = known[first]
        bodies = measure_bodies(
            tracks[people], self._parts, min_score=self._min_score, roll_deg=self._roll_deg
        )
        named = [zones[p] if zones else None for p in people]
        return self._watch(ids.tolist(), bodies, named, pts_s, wall_s)

    def _watch(
        self, ids: list[int], bodies: Bodies, zones: list[str | None], pts_s: float, wall_s: float
    ) -> list[Event]:
        places = middles(bodies)
        rows = self._roster.seat(ids, places, bodies.statures, pts_s)
        records = self._roster.records[rows]
        learn_statures(records, bodies.statures, pts_s)
        add_samples(records, bodies, pts_s)
        bounds = self._bounds[[self._zones.get(zone or "", 0) for zone in zones]]
        descents = measure_descents(records, pts_s, window_s=bounds["within_s"])
        changes = advance(records, descents, bounds, pts_s)
        told = self._told(changes, records, places, bounds, pts_s) if changes else []
        self._roster.records[rows] = records
        if not told:
            return []
        sure = certainty(descents, bounds)
        for kind, who in told:
            patience_s = _REMEMBERED_S if kind == RECOVERED else _FALLEN_REMEMBERED_S
            self._roster.remember_longer(ids[who], patience_s)
        return [
            Event(
                stream=self._stream,
                kind=kind,
                pts_s=pts_s,
                wall_s=wall_s,
                track=ids[who],
                confidence=float(sure[who]) if kind == FALL else 1.0,
                evidence=_evidence(descents, records, bodies, who, pts_s),
                zone=zones[who],
            )
            for kind, who in told
        ]

    def _rescale(self, across: float, down: float) -> None:
        """Go on in a picture of another size: everybody is where they were, in its pixels."""
        self._roster.rescale(across, down)
        rescale_descents(self._roster.records, across, down)
        self._recent = [(t, x * across, y * down, s * down) for t, x, y, s in self._recent]

    def _told(
        self, changes: Changes, records: Records, places: Floats, bounds: Records, pts_s: float
    ) -> list[tuple[str, int]]:
        """Return what to tell of whom: of somebody seen twice, and of falls in a row, once."""
        told: list[tuple[str, int]] = []
        for who in np.flatnonzero(changes.fell):
            place, stature = places[who], float(records["stature"][who])
            cooldown_s = float(bounds["cooldown_s"][who])
            known = any(
                pts_s - when <= cooldown_s
                and np.hypot(place[0] - x, place[1] - y) <= _SAME_PLACE * max(stature, size)
                for when, x, y, size in self._recent
            )
            records["told"][who] = not known
            if not known:
                self._recent = [*self._recent[-15:], (pts_s, place[0], place[1], stature)]
                told.append((FALL, int(who)))
        for kind, mask in ((LONG_LIE, changes.long_lie), (RECOVERED, changes.recovered)):
            told += [(kind, int(who)) for who in np.flatnonzero(mask & records["told"])]
        return told


def middles(bodies: Bodies) -> Floats:
    """Return ``(P, 2)`` the hips of each person, or else head and shoulders."""
    return np.where(np.isnan(bodies.hips), bodies.upper, bodies.hips)


def _evidence(
    descents: Descents, records: Records, bodies: Bodies, who: int, pts_s: float
) -> dict[str, float]:
    return {
        "drop_statures": float(descents.drop[who]),
        "hips_drop_statures": float(descents.hips_drop[who]),
        "speed_statures_per_s": float(descents.speed[who]),
        "elevation_statures": float(descents.elevation[who]),
        "torso_deg": float(bodies.torso_degrees[who]),
        "stature_px": float(records["stature"][who]),
        "since_fall_s": float(pts_s - records["fell_s"][who]),
    }


def _blank() -> Records:
    blank = np.zeros(1, [*FIELDS, *STATE_FIELDS])
    blank_descent(blank)
    blank_state(blank)
    return blank

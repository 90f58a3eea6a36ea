"""Watch the zones and lines of one stream."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.analytics.anchors import Anchors, extents
from posestream.analytics.clock import StreamClock
from posestream.analytics.crossings import Crossing, Crossings
from posestream.analytics.depths import Polygons
from posestream.analytics.visitors import Seating, Visitors
from posestream.analytics.visits import VisitChange, Visits
from posestream.events import CROSS, Event
from posestream.shapes import Size, pixels_of
from posestream.topology import Topology
from posestream.types import Tracks
from posestream.zones import Anchor, Counts, Line, Zone

Floats = npt.NDArray[np.float64]

_MARGIN = 0.05
"""How far from a border nothing changes, in the person's own height; keypoints jitter by less."""
_MOST_MARGIN = 0.25
"""That margin is at most this share of a zone's breadth, or nobody could be clear of it."""


class ZoneWatcher:
    """Tells who enters, leaves and stays in zones, and who crosses lines.

    Feed it every frame's people in order. Short losses, identities that change hands, jitter on a
    border and missing keypoints make no events: see `Visits`, `Crossings` and `Visitors`. Every
    visit has one `ENTER` and one `LEAVE`; who appears within a zone enters it, who vanishes leaves.

    Args:
        topology: What the keypoints mean.
        zones: Areas to watch.
        lines: Lines to watch.
        stream: Name of the stream, for the events.
        min_keypoint_score: Least score of a keypoint that counts.
        grace_s: How long somebody out of sight keeps their place, seconds.

    Raises:
        ConfigError: If an anchor names a keypoint that the topology does not have.
        ValueError: If two zones or lines have one name.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        zones: Sequence[Zone] = (),
        lines: Sequence[Line] = (),
        stream: str = "",
        min_keypoint_score: float = 0.2,
        grace_s: float = 2.0,
    ) -> None:
        self.zones, self.lines = tuple(zones), tuple(lines)
        names = [place.name for place in (*zones, *lines)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"zones and lines: more than one is called {', '.join(sorted(twice))}")
        self._stream = stream
        anchors = list(dict.fromkeys(place.anchor for place in (*self.zones, *self.lines)))
        self._groups = [_Group(anchor, self.zones, self.lines) for anchor in anchors]
        self._anchors = Anchors(topology, anchors, min_keypoint_score=min_keypoint_score)
        self._clock = StreamClock()
        self._visitors = Visitors(grace_s=grace_s)
        self._visits, self._crossings = Visits(zones), Crossings(lines)
        self._size = self._first_size = (0, 0)
        self._polygons: list[Polygons] = []

    @property
    def counts(self) -> Counts:
        """How many people are in each zone, and what happened so far."""
        return Counts(self._visits.counts, self._crossings.counts)

    def zones_of(self, ids: npt.NDArray[np.int64]) -> list[str | None]:
        """Return for each identity the first zone that the person is in, if any."""
        rows = self._visitors.rows
        found: list[str | None] = []
        for track in ids.tolist():
            inside = self._visits.inside[rows[track]] if track in rows else np.zeros(0, np.bool_)
            found.append(self.zones[int(inside.argmax())].name if inside.any() else None)
        return found

    def update(
        self, tracks: Tracks, *, pts_s: float, size: Size, wall_s: float = 0.0
    ) -> list[Event]:
        """Take in one frame and return what it settled.

        Args:
            tracks: The people; those without an identity are passed over.
            pts_s: Time of the frame, seconds. One that goes back stops the clock for a frame.
            size: Width and height of the frame, pixels.
            wall_s: When the frame was read, for the events.
        """
        now_s = self._clock.tick(pts_s)
        if size != self._size:
            self._resize(size)
        known = np.flatnonzero(tracks.ids >= 0)
        if not len(known) and not len(self._visitors):
            return []
        ids, first = np.unique(tracks.ids[known], return_index=True)
        poses = tracks.poses[known[first]]
        feet, points = self._anchors.find(poses, size)
        heights = extents(poses, size)
        seating = self._visitors.seat(ids.tolist(), feet, heights, size=size, now_s=now_s)
        track_of = dict(zip(seating.rows.tolist(), ids.tolist(), strict=True))
        tell = _Teller(self._stream, self._clock.pts_s, wall_s if np.isfinite(wall_s) else 0.0)
        for gone in seating.gone:
            for change in self._visits.leave(gone.row, seen_s=gone.seen_s, now_s=now_s):
                tell.visit(change, self.zones[change.zone], gone.track)
        changes, crossings = self._look(seating, points, heights, now_s)
        for change in changes:
            tell.visit(change, self.zones[change.zone], track_of[change.row])
        for crossing in crossings:
            tell.crossing(crossing, self.lines[crossing.line], track_of[crossing.row])
        return tell.events

    def _look(
        self, seating: Seating, points: list[Floats], heights: Floats, now_s: float
    ) -> tuple[list[VisitChange], list[Crossing]]:
        """Return what is new of the people with these rows, ``(P, A, 2)`` points and heights."""
        rows, capacity = seating.rows, self._visitors.capacity
        self._visits.begin(rows[seating.fresh], capacity=capacity)
        self._crossings.begin(rows[seating.fresh], capacity=capacity)
        if not len(rows):
            return [], []
        margins = np.maximum(_MARGIN * heights, 0.5)
        depths = np.full((len(rows), len(self.zones)), np.nan)
        places = np.full((len(rows), len(self.lines), 2), np.nan)
        for group, polygons, at in zip(self._groups, self._polygons, points, strict=True):
            depths[:, group.zones] = group.depths(polygons, at, margins)
            places[:, group.lines] = group.middles(at)[:, None]
        return (
            self._visits.look(rows, depths, seating.leapt, now_s),
            self._crossings.look(rows, places, margins, seating.leapt, now_s),
        )

    def _resize(self, size: Size) -> None:
        """Lay zones and lines into frames of this size."""
        if self._first_size == (0, 0):
            self._first_size = self._size = size
        outlines = [
            pixels_of(zone.polygon, size, drawn_on=zone.drawn_on or self._first_size)
            for zone in self.zones
        ]
        self._polygons = [
            Polygons.of([outlines[z] for z in group.zones], size) for group in self._groups
        ]
        self._crossings.resize(size, drawn_on=self._first_size, before=self._size)
        self._size = size


class _Group:
    """Zones and lines with the same anchor, by their places in the settings."""

    def __init__(self, anchor: Anchor, zones: Sequence[Zone], lines: Sequence[Line]) -> None:
        self._every = anchor.every
        self.zones = [z for z, zone in enumerate(zones) if zone.anchor == anchor]
        self.lines = [n for n, line in enumerate(lines) if line.anchor == anchor]

    def depths(self, polygons: Polygons, points: Floats, margins: Floats) -> Floats:
        """Return ``(P, Z)`` how deep people with ``(P, A, 2)`` points are in zones, in margins.

        Of several points the deepest counts, or the least deep where every one must be inside; then
        one that was not seen leaves open whether somebody is.
        """
        people, count = points.shape[:2]
        flat = polygons.depths(points.reshape(-1, 2)).reshape(people, count, -1)
        seen = ~np.isnan(flat)
        if self._every:
            depths = np.where(seen, flat, np.inf).min(axis=1)
            depths[~seen.all(axis=1) & (depths > 0)] = np.nan
        else:
            depths = np.where(seen, flat, -np.inf).max(axis=1)
            depths[~seen.any(axis=1)] = np.nan
        wide = np.maximum(_MOST_MARGIN * polygons.breadths, 1e-3)
        return depths / np.minimum(margins[:, None], wide)

    def middles(self, points: Floats) -> Floats:
        """Return ``(P, 2)`` the middle of the points seen; of all of them, or none, if every."""
        seen = ~np.isnan(points[..., :1])
        with np.errstate(invalid="ignore", divide="ignore"):
            middle = np.where(seen, points, 0).sum(axis=1) / seen.sum(axis=1)
        if self._every:
            middle[~np.all(seen, axis=(1, 2))] = np.nan
        return middle


class _Teller:
    """Makes the events of one frame."""

    def __init__(self, stream: str, pts_s: float, wall_s: float) -> None:
        self._stream, self._pts_s, self._wall_s = stream, pts_s, wall_s
        self.events: list[Event] = []

    def visit(self, change: VisitChange, zone: Zone, track: int) -> None:
        evidence = {"stay_s": change.stay_s}
        if change.unseen_s:
            evidence["unseen_s"] = change.unseen_s
        self._add(change.kind, zone.name, track, evidence)

    def crossing(self, crossing: Crossing, line: Line, track: int) -> None:
        evidence = {"ago_s": crossing.ago_s}
        self._add(CROSS, line.name, track, evidence, line.directions[crossing.way])

    def _add(
        self,
        kind: str,
        zone: str,
        track: int,
        evidence: dict[str, float],
        direction: str | None = None,
    ) -> None:
        self.events.append(
            Event(
                stream=self._stream,
                kind=kind,
                pts_s=self._pts_s,
                wall_s=self._wall_s,
                track=track,
                evidence=evidence,
                zone=zone,
                direction=direction,
            )
        )

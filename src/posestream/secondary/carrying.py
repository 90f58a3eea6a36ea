"""When secondary models look at a stream, and what is known in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.findings import NOTHING, Attributes, Findings
from posestream.secondary.suppression import overlaps
from posestream.types import Tracks

_SAME_PERSON = 0.3
"""Overlap from which two boxes of neighbouring frames are taken for the same person."""
_TRACKS_REMEMBERED = 1000
_Label = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Interval:
    """How often a model looks."""

    frames: int = 1
    """Frames between two looks, at least."""
    seconds: float = 0.0
    """Time between two looks, at least."""


class StreamFindings:
    """Keeps one stream's findings until a model looks again.

    A label stays with its person: by the track's id where somebody tracks, else by the overlap of
    boxes from frame to frame. `due` and `settle` may run on two threads, each in the stream's
    order.

    Args:
        intervals: How often each model looks, by its name.
    """

    def __init__(self, intervals: Mapping[str, Interval]) -> None:
        self._intervals = intervals
        self._looked: dict[str, tuple[int, float]] = {}
        self._last = NOTHING
        self._people: Tracks | None = None
        self._labels: dict[str, dict[int, _Label]] = defaultdict(dict)

    def due(self, place: int, pts_s: float) -> frozenset[str]:
        """Return the models that are to look at a frame in which people are looked for.

        Args:
            place: Number of the frame among those read.
            pts_s: Its time, seconds.
        """
        names = frozenset(
            n for n, every in self._intervals.items() if self._is_due(n, every, place, pts_s)
        )
        for name in names:
            self._looked[name] = (place, pts_s)
        return names

    def _is_due(self, name: str, every: Interval, place: int, pts_s: float) -> bool:
        if name not in self._looked:
            return True
        last_place, last_s = self._looked[name]
        return place - last_place >= every.frames and pts_s - last_s >= every.seconds - 1e-6

    def settle(self, tracks: Tracks, fresh: Findings) -> Findings:
        """Return all that is known of a frame: what is fresh, and the rest from frames before.

        Args:
            tracks: The people in it.
            fresh: What the models that looked at it found.
        """
        last = self._last
        of_people = last.attributes or any((o.people >= 0).any() for o in last.objects.values())
        before = self._rows_before(tracks) if of_people else np.zeros(0, np.int64)
        objects = {n: old.for_people(before) for n, old in last.objects.items()}
        labels = {n: self._carried(n, old, tracks, before) for n, old in last.attributes.items()}
        self._last = Findings(
            {**objects, **fresh.objects},
            {**labels, **fresh.attributes},
            {**last.frame_attributes, **fresh.frame_attributes},
        )
        self._people = tracks
        for name, found in fresh.attributes.items():
            self._remember(name, found, tracks)
        return self._last

    def _rows_before(self, tracks: Tracks) -> npt.NDArray[np.int64]:
        """Return where each person was in the frame before; -1 for those who were not."""
        before = self._people
        rows = np.full(len(tracks.poses), -1, np.int64)
        if before is None or not len(before.poses) or not len(rows):
            return rows
        if before.poses is tracks.poses:
            return np.arange(len(rows))
        is_same = tracks.ids[:, None] == before.ids
        untracked = (tracks.ids[:, None] < 0) & (before.ids < 0)
        likeness = np.where(untracked, overlaps(tracks.poses.boxes, before.poses.boxes), is_same)
        likeness = np.nan_to_num(likeness)
        for _ in rows:  # the most alike first, each person once
            now, then = np.unravel_index(likeness.argmax(), likeness.shape)
            if likeness[now, then] < _SAME_PERSON:
                break
            rows[now] = then
            likeness[now], likeness[:, then] = 0, 0
        return rows

    def _carried(
        self, name: str, old: Attributes, tracks: Tracks, before: npt.NDArray[np.int64]
    ) -> Attributes:
        """Return the labels that people keep."""
        kept = old.for_people(before)
        known = self._labels[name]
        for row in np.flatnonzero((before < 0) & (tracks.ids >= 0)).tolist():
            kept.classes[row], kept.scores[row] = known.get(int(tracks.ids[row]), (-1, 0.0))
        return kept

    def _remember(self, name: str, found: Attributes, tracks: Tracks) -> None:
        """Keep labels for tracks that leave and come back; the oldest are forgotten."""
        known = self._labels[name]
        rows = zip(tracks.ids.tolist(), found.classes.tolist(), found.scores.tolist(), strict=True)
        for identity, number, score in rows:
            if identity >= 0:
                known.pop(identity, None)
                known[identity] = (number, score)
        while len(known) > _TRACKS_REMEMBERED:
            del known[next(iter(known))]

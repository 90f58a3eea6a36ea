"""What is made of one stream's poses: identities, steady motion, activities and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.analytics.activities import ActivityRecogniser
from posestream.analytics.activity_rules import ACTIVITIES
from posestream.analytics.falls import FallDetector
from posestream.analytics.speeds import SpeedMeter
from posestream.analytics.zones import ZoneWatcher
from posestream.events import ActivitySegment, Event
from posestream.findings import Attributes
from posestream.tracking.interpolation import between
from posestream.tracking.smoothing import PoseSmoother
from posestream.tracking.tracker import PoseTracker
from posestream.types import Frame, Poses, Tracks
from posestream.zones import Counts, Movements

ACTIVITY = "activity"
"""What the label of a person's activity is called among the attributes."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """What came of looking at the people of a frame."""

    tracks: Tracks
    """The people, with identities."""
    rows: npt.NDArray[np.int64]
    """``(P,)`` row of each among the poses given; -1 for somebody out of sight."""
    events: tuple[Event, ...] = ()
    """What happened, as far as this frame settled it."""
    activities: tuple[ActivitySegment, ...] = ()
    """What somebody did until now, where this frame shows that it ended."""
    counts: Counts | None = None
    """How many people are in zones and crossed lines; ``None`` without any."""
    movements: Movements | None = None
    """How fast people move over the ground; ``None`` where it is not known."""


class StreamAnalysis:
    """Follows the people of one stream.

    Args:
        tracker: Gives identities.
        smoother: Takes the jitter out; None to leave poses as they are found.
        recogniser: Names what people do; None without.
        falls: Tells when somebody falls; None without.
        zones: Watches zones and lines; None without any.
        speeds: Measures how fast people move; None where the ground is not known.
        shown_score: Least score of somebody nobody follows who is to be shown; fainter poses only
            help to follow people.
    """

    def __init__(
        self,
        tracker: PoseTracker,
        *,
        smoother: PoseSmoother | None = None,
        recogniser: ActivityRecogniser | None = None,
        falls: FallDetector | None = None,
        zones: ZoneWatcher | None = None,
        speeds: SpeedMeter | None = None,
        shown_score: float = 0.0,
    ) -> None:
        self._tracker = tracker
        self._smoother = smoother
        self._recogniser = recogniser
        self._falls = falls
        self._zones = zones
        self._speeds = speeds
        self._shown_score = shown_score

    def update(self, frame: Frame, poses: Poses) -> Analysed:
        """Take in a frame in which people were looked for.

        Falls and activities are judged by poses as they were found: smoothing takes away speed.

        Args:
            frame: The frame.
            poses: Everyone found in it.
        """
        time_s, size = frame.pts_s, frame.image.size
        tracked = self._tracker.update(poses, time_s, size=size)
        tracks, rows = tracked.tracks, tracked.rows
        if self._shown_score > 0:  # every score is from 0 on
            shown = (tracks.ids >= 0) | (tracks.poses.scores >= self._shown_score)
            tracks, rows = tracks[shown], rows[shown]
        events = self._events(tracks, frame)
        ended = self._recogniser.update(tracks, pts_s=time_s) if self._recogniser else ()
        speeds = self._speeds
        movements = speeds.update(tracks, pts_s=time_s, size=size) if speeds else None
        if self._smoother:
            tracks = self._smoother.update(tracks, time_s)
        return Analysed(
            tracks,
            rows,
            tuple(events),
            tuple(ended),
            counts=self._zones.counts if self._zones else None,
            movements=movements,
        )

    def _events(self, tracks: Tracks, frame: Frame) -> list[Event]:
        time_s, wall_s, size = frame.pts_s, frame.wall_s, frame.image.size
        events: list[Event] = []
        zones: Sequence[str | None] = ()
        if self._zones:
            events += self._zones.update(tracks, pts_s=time_s, size=size, wall_s=wall_s)
            zones = self._zones.zones_of(tracks.ids)
        if self._falls:
            events += self._falls.update(
                tracks, pts_s=time_s, wall_s=wall_s, size=size, zones=zones
            )
        return events

    def predict(self, frame: Frame) -> Tracks:
        """Return where people are thought to be in a frame in which nobody looked."""
        return self._tracker.predict(frame.pts_s, size=frame.image.size)

    def between(self, before: Tracks, after: Tracks, fraction: float) -> Tracks:
        """Return where people are on their way from one frame to a later one."""
        return between(before, after, fraction)

    def labels(self, tracks: Tracks) -> Mapping[str, Attributes]:
        """Return what each person is doing."""
        if self._recogniser is None:
            return {}
        known = self._recogniser.current
        found = Attributes.none(len(tracks), ACTIVITIES)
        for row, track in enumerate(tracks.ids.tolist()):
            if (segment := known.get(track)) is not None:
                found.classes[row] = ACTIVITIES.index(segment.activity)
                found.scores[row] = segment.confidence
        return {ACTIVITY: found}

    def finish(self) -> Sequence[ActivitySegment]:
        """Return what people did until the end."""
        return self._recogniser.finish() if self._recogniser else ()

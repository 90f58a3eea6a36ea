"""What is made of one stream's poses: identities, steady motion, activities and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from posestream.analytics.activities import ActivityRecogniser
from posestream.analytics.activity_rules import ACTIVITIES
from posestream.analytics.falls import FallDetector
from posestream.events import ActivitySegment, Event
from posestream.findings import Attributes
from posestream.tracking.interpolation import between
from posestream.tracking.smoothing import PoseSmoother
from posestream.tracking.tracker import PoseTracker
from posestream.types import Frame, Poses, Tracks

ACTIVITY = "activity"
"""What the label of a person's activity is called among the attributes."""


class Places(Protocol):
    """Watches where people go."""

    def update(self, tracks: Tracks, frame: Frame) -> Sequence[Event]:
        """Take in one frame and return what it settled."""
        ...

    def zones_of(self, tracks: Tracks) -> Sequence[str | None]:
        """Return the zone that each person is in, if any."""
        ...


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


class StreamAnalysis:
    """Follows the people of one stream.

    Args:
        tracker: Gives identities.
        smoother: Takes the jitter out; None to leave poses as they are found.
        recogniser: Names what people do; None without.
        falls: Tells when somebody falls; None without.
        places: Watches zones and lines; None without any.
    """

    def __init__(
        self,
        tracker: PoseTracker,
        *,
        smoother: PoseSmoother | None = None,
        recogniser: ActivityRecogniser | None = None,
        falls: FallDetector | None = None,
        places: Places | None = None,
    ) -> None:
        self._tracker = tracker
        self._smoother = smoother
        self._recogniser = recogniser
        self._falls = falls
        self._places = places

    def update(self, frame: Frame, poses: Poses) -> Analysed:
        """Take in a frame in which people were looked for.

        Falls and activities are judged by poses as they were found: smoothing takes away speed.

        Args:
            frame: The frame.
            poses: Everyone found in it.
        """
        time_s, size = frame.pts_s, frame.image.size
        tracked = self._tracker.update(poses, time_s, size=size)
        tracks, events = tracked.tracks, list[Event]()
        if self._places:
            events += self._places.update(tracks, frame)
        if self._falls:
            zones = self._places.zones_of(tracks) if self._places else ()
            wall_s = frame.wall_s
            events += self._falls.update(
                tracks, pts_s=time_s, wall_s=wall_s, size=size, zones=zones
            )
        ended = self._recogniser.update(tracks, pts_s=time_s) if self._recogniser else ()
        if self._smoother:
            tracks = self._smoother.update(tracks, time_s)
        return Analysed(tracks, tracked.rows, tuple(events), tuple(ended))

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

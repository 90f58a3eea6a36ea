"""Watch clips for falls as a run would: find people, track them, tell falls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from posestream.analytics.fall_settings import FallSettings
from posestream.analytics.falls import FallDetector
from posestream.config import EstimatorConfig
from posestream.errors import ConfigError
from posestream.evaluation.clips import Clip, read_clips
from posestream.evaluation.events import MAX_DELAY_S, ClipScore, score_clip
from posestream.events import FALL
from posestream.streaming import Streams
from posestream.topology import Topology
from posestream.types import Poses, Tracks


class _Tracked(Protocol):
    @property
    def tracks(self) -> Tracks: ...


class Tracker(Protocol):
    """Gives the people of one stream their identities."""

    def update(self, poses: Poses, time_s: float, /) -> _Tracked:
        """Take in one frame."""
        ...


class EventEvaluation:
    """Watches clips one after the other.

    Args:
        clips: JSON list of clips; see `posestream.evaluation.clips.read_clips`.
        settings: How people are found.
        falls: What counts as a fall.
        interval: Find people in every n-th frame, and see only those.
        max_delay_s: Longest time from a fall's onset until it is told, seconds.
        make_tracker: Makes a tracker for a stream; by default the package's own.

    Raises:
        ConfigError: If the clips cannot be used, or a number is out of range.
        ModelError: If the model cannot be loaded.
    """

    def __init__(
        self,
        clips: Path,
        settings: EstimatorConfig,
        *,
        falls: FallSettings | None = None,
        interval: int = 1,
        max_delay_s: float = MAX_DELAY_S,
        make_tracker: Callable[[Topology], Tracker] | None = None,
    ) -> None:
        if interval < 1:
            raise ConfigError(f"interval: must be at least 1, not {interval}")
        if not max_delay_s > 0:
            raise ConfigError(f"max_delay: must be above 0 seconds, not {max_delay_s}")
        self.clips = read_clips(clips)
        """The clips, in order."""
        self._falls, self._interval, self._max_delay_s = falls, interval, max_delay_s
        self._make_tracker = make_tracker or _own_tracker
        self._streams = Streams(**settings.model_dump(exclude_none=True))

    def watch(self, clip: Clip) -> ClipScore:
        """Run one clip through estimator, tracker and fall detector, and score what they tell.

        Raises:
            SourceError: If the clip cannot be read to its end.
        """
        topology = self._streams.topology
        tracker = self._make_tracker(topology)
        detector = FallDetector(topology, stream=clip.path.stem, settings=self._falls)
        told_s = []
        for time_s, size, poses in self._poses(clip):
            tracks = tracker.update(poses, time_s).tracks
            events = detector.update(tracks, pts_s=time_s, size=size)
            told_s += [event.pts_s for event in events if event.kind == FALL]
        return score_clip(clip, told_s, max_delay_s=self._max_delay_s)

    def close(self) -> None:
        """End the threads that find people."""
        self._streams.close()

    def _poses(self, clip: Clip) -> Iterator[tuple[float, tuple[int, int], Poses]]:
        """Yield real time, size and people of each frame in which people were looked for."""
        name = self._streams.add(clip.path, interval=self._interval)
        for prediction in self._streams:
            result = prediction.result
            if result.inferred:
                yield result.pts_s * clip.speed, result.size, result.poses
        error = self._streams.errors().get(name)
        self._streams.remove(name)
        if error is not None:
            raise error


def _own_tracker(topology: Topology) -> Tracker:
    from posestream.tracking.tracker import PoseTracker

    return PoseTracker(topology)

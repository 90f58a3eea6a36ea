"""Play a source over and over, as one stream without an end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from posestream.errors import SourceError
from posestream.sources import Source, SourceInfo
from posestream.sources.timestamps import Timeline
from posestream.types import Frame


class LoopedSource:
    """Rounds of one source: each time it ends it is opened again, and numbers and times go on.

    Each round's first frame comes one nominal frame interval after the last one of the round
    before. Times are in the first round's ticks.

    Args:
        open_round: Opens the source; called once here and once for each further round.

    Raises:
        SourceError: If the source cannot be opened.
    """

    def __init__(self, open_round: Callable[[], Source]) -> None:
        self._open_round = open_round
        self._lock = threading.Lock()
        self._closed = False
        self._corrupt_before = 0
        self._source = open_round()
        self.name = self._source.name
        self.info: SourceInfo = replace(self._source.info, frame_count=None, path=None)

    @property
    def corrupt_frames(self) -> int:
        """Damaged packets or frames of all rounds so far."""
        with self._lock:
            return self._corrupt_before + self._source.corrupt_frames

    def frames(self) -> Iterator[Frame]:
        """Yield the frames of round after round, until closed.

        Raises:
            SourceError: If a round cannot be opened or read, or has no frame at all.
        """
        rounds = _Rounds(self.info.frame_rate)
        while not self._closed:
            before = rounds.count
            for frame in self._source.frames():
                yield rounds.place(frame, self.name)
            if self._closed:
                return
            if rounds.count == before:
                # Opened again and again it would keep a core busy and never give anything.
                raise SourceError(f"{self.name}: ended without a frame, so it cannot be looped")
            rounds.end()
            self._open_next()

    def close(self) -> None:
        """Release the source; may be called twice, and from another thread."""
        with self._lock:
            self._closed = True
            self._source.close()

    def _open_next(self) -> None:
        self._source.close()
        source = self._open_round()
        with self._lock:
            self._corrupt_before += self._source.corrupt_frames
            self._source = source
            if self._closed:  # meanwhile, by another thread, which closed the round before
                source.close()


class _Rounds:
    """Numbers and times that go on from round to round."""

    def __init__(self, frame_rate: Fraction | None) -> None:
        self.count = 0
        self._rate = frame_rate
        self._time_base = Fraction(0)
        self._interval = 1
        self._latest = 0
        self._from: tuple[int, int] | None = None

    def place(self, frame: Frame, name: str) -> Frame:
        """Return the frame as the next one of the endless stream."""
        if self.count == 0:
            self._time_base = frame.time_base
            self._interval = Timeline(time_base=frame.time_base, frame_rate=self._rate).interval
            self._latest = frame.pts - self._interval
        if self._from is None:
            self._from = frame.pts, self._latest + self._interval
        first, start = self._from
        since = round((frame.pts - first) * frame.time_base / self._time_base)
        # Finer ticks than the first round's may fall onto one of those.
        self._latest = max(self._latest + 1, start + since)
        self.count += 1
        return replace(
            frame,
            stream=name,
            index=self.count - 1,
            pts=self._latest,
            time_base=self._time_base,
        )

    def end(self) -> None:
        """Make the next frame the first one of a round."""
        self._from = None

"""Count what happens to one stream."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from posestream.runtime.status import LATENCY_BOUNDS_S, Histogram, StreamStatus
from posestream.types import Result

_LATELY_S = 5.0
_TIMES_KEPT = 1024


class StreamMeter:
    """Counts of one stream, from any thread.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts = [0] * (len(LATENCY_BOUNDS_S) + 1)
        self._latency_sum_s = 0.0
        self._written_s: deque[float] = deque(maxlen=_TIMES_KEPT)
        self._read_s: float | None = None
        self._size: tuple[int, int] | None = None
        self._frames = self._inferred = self._people = self._people_total = self._dropped = 0

    def read(self, now_s: float) -> None:
        """Count a frame that has been read."""
        self._read_s = now_s

    def dropped(self) -> None:
        """Count a frame that is left out."""
        with self._lock:
            self._dropped += 1

    def written(self, result: Result, *, read_s: float) -> None:
        """Count a frame that has been written.

        Args:
            result: What was found in it.
            read_s: When it was read, by this meter's clock, seconds.
        """
        now_s = self._clock()
        latency_s = now_s - read_s
        people = len(result.poses)
        with self._lock:
            self._written_s.append(now_s)
            self._counts[bisect_left(LATENCY_BOUNDS_S, latency_s)] += 1
            self._latency_sum_s += latency_s
            self._size, self._people = result.size, people
            self._frames += 1
            if result.inferred:
                self._inferred += 1
                self._people_total += people

    def fill(self, status: StreamStatus) -> StreamStatus:
        """Return a status with the counts put in."""
        now_s = self._clock()
        with self._lock:
            return replace(
                status,
                size=self._size,
                frames=self._frames,
                inferred=self._inferred,
                people=self._people,
                people_total=self._people_total,
                dropped=self._dropped,
                fps=self._fps(now_s),
                latency=Histogram(tuple(self._counts), self._latency_sum_s),
                last_frame_age_s=None if self._read_s is None else now_s - self._read_s,
            )

    def _fps(self, now_s: float) -> float:
        while self._written_s and now_s - self._written_s[0] > _LATELY_S:
            self._written_s.popleft()
        if len(self._written_s) < 2:
            return 0.0
        # A stream that stops is seen to slow down at once: silence counts once it is unusual.
        times, spans = self._written_s, len(self._written_s) - 1
        interval_s = (times[-1] - times[0]) / spans
        silence_s = max(0.0, now_s - times[-1] - interval_s)
        return spans / max(times[-1] - times[0] + silence_s, 1e-9)

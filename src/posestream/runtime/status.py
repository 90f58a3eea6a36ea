"""How each stream is doing, as values that may leave the runtime."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import accumulate

LATENCY_BOUNDS_S = (0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper edges of a latency histogram's buckets, seconds; one more bucket holds the rest."""


class StreamState(Enum):
    """What a stream is doing right now."""

    WAITING = "waiting"
    """It has not been started, or waits for its turn."""
    CONNECTING = "connecting"
    """Its source is being opened."""
    RUNNING = "running"
    """Frames come."""
    RETRYING = "retrying"
    """Its source failed, ended or stalled, and is opened again after a pause."""
    ENDED = "ended"
    """Its last frame has been written."""
    FAILED = "failed"
    """It was given up; ``error`` says why."""
    STOPPED = "stopped"
    """Somebody stopped it; it may be started again."""

    @property
    def final(self) -> bool:
        """Whether nothing more comes unless somebody starts the stream again."""
        return self in {StreamState.ENDED, StreamState.FAILED, StreamState.STOPPED}


@dataclass(frozen=True, slots=True)
class Histogram:
    """How often a duration fell between the edges of `LATENCY_BOUNDS_S`."""

    counts: tuple[int, ...] = (0,) * (len(LATENCY_BOUNDS_S) + 1)
    """One more than there are edges; the last is for everything above them."""
    sum_s: float = 0.0
    """Sum of all durations, seconds."""

    @property
    def count(self) -> int:
        """How many durations were counted."""
        return sum(self.counts)

    def quantile(self, q: float) -> float:
        """Return the upper edge of the bucket that holds a quantile, seconds; 0 if empty.

        Args:
            q: Which quantile, in [0, 1].
        """
        wanted = q * self.count
        for bound_s, below in zip(LATENCY_BOUNDS_S, accumulate(self.counts), strict=False):
            if below >= wanted:
                return bound_s if self.count else 0.0
        return float("inf")


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One stream at one moment; counts are since the stream was added."""

    name: str
    """Name of the stream."""
    input: str
    """Where its frames come from, free of credentials."""
    state: StreamState
    """What it is doing."""
    live: bool = False
    """Whether the rules of live streams hold: the oldest frame is dropped, failures are retried."""
    size: tuple[int, int] | None = None
    """Width and height of the latest frame, pixels."""
    frames: int = 0
    """Frames written."""
    expected: int | None = None
    """Frames expected in all; ``None`` where unknown."""
    inferred: int = 0
    """Frames in which people were looked for."""
    people: int = 0
    """People in the latest frame."""
    people_total: int = 0
    """Poses found, summed over the frames looked at."""
    dropped: int = 0
    """Frames left out because the machine was behind."""
    corrupt: int = 0
    """Packets or frames that were damaged."""
    reconnects: int = 0
    """Times the source came back after it was lost."""
    queue_depth: int = 0
    """Frames on their way: read and not yet written."""
    fps: float = 0.0
    """Frames per second written lately."""
    latency: Histogram = Histogram()
    """From a frame's reading to its writing."""
    last_frame_age_s: float | None = None
    """Seconds since the latest frame was read; ``None`` before the first."""
    retry_in_s: float | None = None
    """Seconds until the source is opened again; ``None`` unless `StreamState.RETRYING`."""
    error: str | None = None
    """The latest failure, free of credentials; ``None`` after a frame came."""

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values, with the median and 99th percentile of the latency."""
        values: dict[str, object] = {
            name: getattr(self, name) for name in self.__slots__ if name != "latency"
        }
        p50, p99 = (self.latency.quantile(q) for q in (0.5, 0.99))
        return values | {
            "state": self.state.value,
            "size": list(self.size) if self.size else None,
            "fps": round(self.fps, 2),
            "latency_p50_s": p50 if p50 != float("inf") else None,
            "latency_p99_s": p99 if p99 != float("inf") else None,
        }

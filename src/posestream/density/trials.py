"""What one trial of so many streams showed, and whether that is enough."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

KEPT_SHARE = 0.99
"""Share of its frame rate that every stream must keep."""
DROPPED_SHARE = 0.01
"""Share of its frames of which every stream must drop less."""
LATENCY_INTERVALS = 2
"""Frame intervals that the 99th percentile of the latency may last, beside the network's time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """So many live streams at once, for a while."""

    streams: int
    """How many."""
    interval: int
    """People were looked for in every n-th frame."""
    rate: float
    """Frames per second that each stream has."""
    seconds: float
    """How long was measured, without warming up."""
    frames: tuple[int, ...]
    """Frames that each stream wrote in that time."""
    dropped: tuple[int, ...]
    """Frames that each stream left out in that time."""
    latency_p50_s: float
    """Median time from a frame's arrival until it is written, all streams, seconds."""
    latency_p99_s: float
    """99th percentile of the same, seconds."""
    estimate_s: float
    """Mean time of a call of the network, preparing and decoding included, seconds."""
    cpu_share: float
    """Processor time over that of all usable cores."""
    resident_bytes: int | None
    """Main memory at the end; ``None`` where the system does not tell."""

    @property
    def fps(self) -> tuple[float, ...]:
        """Frames per second that each stream wrote."""
        return tuple(count / self.seconds for count in self.frames)

    @property
    def fps_min(self) -> float:
        """Frames per second of the slowest stream."""
        return min(self.fps)

    @property
    def fps_mean(self) -> float:
        """Frames per second per stream."""
        return fmean(self.fps)

    @property
    def dropped_share(self) -> float:
        """Share of all frames that were left out."""
        return sum(self.dropped) / max(1, sum(self.dropped) + sum(self.frames))

    @property
    def dropped_share_max(self) -> float:
        """Share of its frames that the worst stream left out."""
        pairs = zip(self.dropped, self.frames, strict=True)
        return max(lost / max(1, lost + written) for lost, written in pairs)


def shortfalls(trial: Trial, *, inference_s: float) -> tuple[str, ...]:
    """Return why a trial's streams were not sustained; nothing where they were.

    Args:
        trial: What was measured.
        inference_s: What the network takes for a frame when it has the machine for itself, seconds.
    """
    found = []
    # A window of time cuts a stream's row of frames anywhere: one frame more or less says nothing.
    wanted = KEPT_SHARE * trial.rate * trial.seconds - 1
    if min(trial.frames) < wanted:
        found.append(f"{trial.fps_min:.1f} of {trial.rate:g} fps")
    if trial.dropped_share_max >= DROPPED_SHARE:
        found.append(f"{100 * trial.dropped_share_max:.1f} % dropped")
    if trial.latency_p99_s > (limit_s := latency_limit_s(trial.rate, inference_s=inference_s)):
        found.append(f"p99 {1e3 * trial.latency_p99_s:.0f} of {1e3 * limit_s:.0f} ms")
    return tuple(found)


def latency_limit_s(rate: float, *, inference_s: float) -> float:
    """Return the largest 99th percentile of the latency that counts as live, seconds."""
    return LATENCY_INTERVALS / rate + inference_s

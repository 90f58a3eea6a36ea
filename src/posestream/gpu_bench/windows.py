"""What many streams did between two moments of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from posestream.density.trials import Trial
from posestream.gpu_bench.footprint import Footprint
from posestream.inference.settings import usable_cores
from posestream.runtime.status import LATENCY_BOUNDS_S, StreamStatus


@dataclass(frozen=True, slots=True)
class Sample:
    """A run at one moment."""

    at_s: float
    """Monotonic seconds."""
    streams: tuple[StreamStatus, ...]
    """How every stream is doing."""
    taken: Footprint
    """What all processes take."""


@dataclass(frozen=True, slots=True)
class Window:
    """From one sample of a run to another."""

    first: Sample
    """Where it begins."""
    last: Sample
    """Where it ends."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.last.at_s - self.first.at_s

    @property
    def frames(self) -> tuple[int, ...]:
        """Frames that each stream finished."""
        return self._each("frames")

    @property
    def dropped(self) -> tuple[int, ...]:
        """Frames that each stream left out."""
        return self._each("dropped")

    @property
    def fps(self) -> float:
        """Frames per second of all streams together."""
        return sum(self.frames) / self.seconds

    @property
    def people_per_frame(self) -> float:
        """People in a frame that was looked at, in the mean; 0 where none was."""
        looked = sum(self._each("inferred"))
        return sum(self._each("people_total")) / looked if looked else 0.0

    @property
    def cpu_share(self) -> float:
        """Processor time over that of all usable cores."""
        used_s = self.last.taken.cpu_s - self.first.taken.cpu_s
        return used_s / self.seconds / usable_cores()

    def latency_s(self, q: float) -> float:
        """Return a quantile of the latency, within its bucket as if latencies were even there.

        Args:
            q: Which quantile, in [0, 1].

        Returns:
            Seconds from a frame's reading to its end; infinite past the last bucket, or without
            any frame.
        """
        counts = [0] * (len(LATENCY_BOUNDS_S) + 1)
        for before, after in zip(self.first.streams, self.last.streams, strict=True):
            for place, count in enumerate(after.latency.counts):
                counts[place] += count - before.latency.counts[place]
        wanted, below, lower_s = q * sum(counts), 0, 0.0
        for upper_s, count in zip(LATENCY_BOUNDS_S, counts, strict=False):
            if count and below + count >= wanted:
                return lower_s + (upper_s - lower_s) * (wanted - below) / count
            below, lower_s = below + count, upper_s
        return float("inf")

    def trial(self, rate: float) -> Trial:
        """Return it as what a density is judged by.

        Args:
            rate: Frames per second that each stream has.
        """
        return Trial(
            streams=len(self.frames),
            interval=1,
            rate=rate,
            seconds=self.seconds,
            frames=self.frames,
            dropped=self.dropped,
            latency_p50_s=self.latency_s(0.5),
            latency_p99_s=self.latency_s(0.99),
            estimate_s=0.0,
            cpu_share=self.cpu_share,
            resident_bytes=self.last.taken.resident_bytes,
        )

    def figures(self) -> dict[str, Any]:
        """Return plain JSON values."""
        taken = self.last.taken
        return {
            "streams": len(self.frames),
            "seconds": round(self.seconds, 2),
            "fps": round(self.fps, 1),
            "fps_slowest_stream": round(min(self.frames) / self.seconds, 2),
            "people_per_frame": round(self.people_per_frame, 2),
            "dropped": sum(self.dropped),
            "reconnects": sum(self._each("reconnects")),
            "corrupt": sum(self._each("corrupt")),
            "latency_p50_ms": milliseconds(self.latency_s(0.5)),
            "latency_p99_ms": milliseconds(self.latency_s(0.99)),
            "cpu_share": round(self.cpu_share, 3),
            "resident_mb": megabytes(taken.resident_bytes),
            "gpu_mb": megabytes(taken.gpu_bytes),
        }

    def _each(self, count: str) -> tuple[int, ...]:
        pairs = zip(self.first.streams, self.last.streams, strict=True)
        return tuple(getattr(after, count) - getattr(before, count) for before, after in pairs)


def errors_of(streams: Sequence[StreamStatus]) -> list[str]:
    """Return what is wrong with streams right now, each thing once."""
    return sorted({stream.error for stream in streams if stream.error is not None})


def milliseconds(seconds: float) -> float | None:
    """Return milliseconds for JSON; None where there were none."""
    return round(1e3 * seconds, 2) if seconds != float("inf") else None


def megabytes(count: int | None) -> float | None:
    """Return MB for JSON; None where unknown."""
    return None if count is None else round(count / 1e6, 1)

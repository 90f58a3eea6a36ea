"""How long each stage took and how often it ran."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageTime:
    """What one stage cost so far."""

    calls: int
    """How often it ran."""
    total_s: float
    """Wall time spent inside it, summed over threads, seconds."""

    @property
    def mean_ms(self) -> float:
        """Mean wall time of a call, milliseconds; 0 before the first."""
        return 1e3 * self.total_s / self.calls if self.calls else 0.0


class StageClock:
    """Collect wall times of named stages from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, int] = {}
        self._totals_s: dict[str, float] = {}

    def time(self, stage: str) -> Timing:
        """Count the block's wall time towards a stage, also when it raises."""
        return Timing(self, stage)

    def add(self, stage: str, seconds: float) -> None:
        """Count one call of a stage."""
        with self._lock:
            self._calls[stage] = self._calls.get(stage, 0) + 1
            self._totals_s[stage] = self._totals_s.get(stage, 0.0) + seconds

    def report(self) -> dict[str, StageTime]:
        """Return every stage's cost so far, in the order the stages first ran."""
        with self._lock:
            totals_s = self._totals_s
            return {stage: StageTime(n, totals_s[stage]) for stage, n in self._calls.items()}


class Timing:
    """A block whose wall time is counted.

    Args:
        clock: Where it is counted.
        stage: Name of the stage.
    """

    __slots__ = ("_clock", "_stage", "_start_s")

    def __init__(self, clock: StageClock, stage: str) -> None:
        self._clock = clock
        self._stage = stage
        self._start_s = 0.0

    def __enter__(self) -> None:
        """Begin."""
        self._start_s = time.perf_counter()

    def __exit__(self, *error: object) -> None:
        """End, and count it."""
        self._clock.add(self._stage, time.perf_counter() - self._start_s)

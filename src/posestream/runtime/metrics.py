"""How long each stage took and how often it ran."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
        self._times: dict[str, StageTime] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count the block's wall time towards a stage, also when it raises."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - start)

    def add(self, stage: str, seconds: float) -> None:
        """Count one call of a stage."""
        with self._lock:
            old = self._times.get(stage, StageTime(0, 0.0))
            self._times[stage] = StageTime(old.calls + 1, old.total_s + seconds)

    def report(self) -> dict[str, StageTime]:
        """Return every stage's cost so far, in the order the stages first ran."""
        with self._lock:
            return dict(self._times)

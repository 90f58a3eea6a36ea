"""Worker threads that find people, several frames at a time."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from posestream.images import Image
from posestream.runtime.metrics import StageClock
from posestream.types import Poses


class _Estimator(Protocol):
    def estimate(self, images: list[Image]) -> list[Poses]: ...


class EstimatorPool:
    """Run an estimator on ``workers`` threads.

    Everything heavy inside an estimator releases the GIL, so threads are enough to use all cores;
    whole frames in parallel waste less than splitting one network over cores.
    """

    def __init__(self, estimator: _Estimator, *, workers: int, clock: StageClock) -> None:
        self._estimator = estimator
        self._clock = clock
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="estimate")
        self.workers = workers

    def submit(self, image: Image) -> Future[Poses]:
        """Start on a picture and return where its people will be."""
        return self._threads.submit(self._estimate, image)

    def close(self) -> None:
        """Drop what has not begun, wait for what has."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _estimate(self, image: Image) -> Poses:
        start = time.perf_counter()
        [poses] = self._estimator.estimate([image])
        self._clock.add("estimate", time.perf_counter() - start)
        return poses

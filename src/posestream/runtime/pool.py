"""Worker threads that find people, several frames at a time."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Protocol

from posestream.findings import NOTHING, Findings
from posestream.images import Image
from posestream.runtime.metrics import StageClock
from posestream.types import Poses


class _Estimator(Protocol):
    def estimate(self, images: list[Image]) -> list[Poses]: ...


class _Inspector(Protocol):
    def inspect(
        self, images: Sequence[Image], poses: Sequence[Poses], due: Sequence[Collection[str]]
    ) -> list[Findings]: ...


class Found(NamedTuple):
    """All that was found in one picture."""

    poses: Poses
    """The people."""
    findings: Findings
    """What secondary models say."""


class EstimatorPool:
    """Run an estimator on ``workers`` threads.

    Everything heavy inside an estimator releases the GIL, so threads are enough to use all cores;
    whole frames in parallel waste less than splitting one network over cores.

    Args:
        estimator: Finds people.
        workers: Threads.
        clock: Where stage times are counted.
        inspector: Lets secondary models look; None without any.
    """

    def __init__(
        self,
        estimator: _Estimator,
        *,
        workers: int,
        clock: StageClock,
        inspector: _Inspector | None = None,
    ) -> None:
        self._estimator = estimator
        self._inspector = inspector
        self._clock = clock
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="estimate")
        self.workers = workers

    def submit(self, image: Image, *, due: Collection[str] = ()) -> Future[Found]:
        """Start on a picture and return where its people will be.

        Args:
            image: The picture.
            due: Names of the secondary models that are to look at it.
        """
        return self._threads.submit(self._find, image, due)

    def close(self) -> None:
        """Drop what has not begun, wait for what has."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _find(self, image: Image, due: Collection[str]) -> Found:
        start = time.perf_counter()
        [poses] = self._estimator.estimate([image])
        self._clock.add("estimate", time.perf_counter() - start)
        if not due or self._inspector is None:
            return Found(poses, NOTHING)
        with self._clock.time("secondary"):
            [findings] = self._inspector.inspect([image], [poses], [due])
        return Found(poses, findings)

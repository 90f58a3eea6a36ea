"""Worker threads that find people, in several frames of any streams at a time."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Collection, Sequence
from typing import Protocol

from posestream.findings import NOTHING, Findings
from posestream.images import Image
from posestream.runtime.metrics import StageClock
from posestream.runtime.outcomes import attempt
from posestream.runtime.scheduling import Found, Scheduler, Ticket
from posestream.types import Poses


class Estimator(Protocol):
    """Finds people; see `posestream.estimation.Estimator`."""

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture."""
        ...


class Inspector(Protocol):
    """Lets secondary models look; see `posestream.secondary.inspector.Inspector`."""

    def inspect(
        self, images: Sequence[Image], poses: Sequence[Poses], due: Sequence[Collection[str]]
    ) -> list[Findings]:
        """Return what the models that are due find in each picture."""
        ...


class Workers:
    """Run an estimator on the tickets of a scheduler.

    Everything heavy inside an estimator releases the GIL, so threads are enough to use all cores.
    On a CPU whole frames in parallel waste less than splitting one network over cores, so a batch
    is one frame there; a GPU wants batches.

    A batch that fails is tried again frame by frame, so that only the frame at fault fails.

    Args:
        scheduler: Gives out tickets.
        estimator: Finds people.
        count: Threads.
        batch: Most frames at once.
        gather_s: How long a frame may wait for others to fill its batch, seconds.
        clock: Where stage times are counted.
        inspector: Lets secondary models look; None without any.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        estimator: Estimator,
        *,
        count: int,
        batch: int = 1,
        gather_s: float = 0.0,
        clock: StageClock,
        inspector: Inspector | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._estimator = estimator
        self._batch = batch
        self._gather_s = gather_s
        self._clock = clock
        self._inspector = inspector
        self._threads = [
            threading.Thread(target=self._work, name=f"estimate-{i}", daemon=True)
            for i in range(count)
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        """Return how many threads there are."""
        return len(self._threads)

    def join(self) -> None:
        """Wait until the closed scheduler has no more work."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while tickets := self._scheduler.take(self._batch, gather_s=self._gather_s):
            self._serve(tickets)

    def _serve(self, tickets: Sequence[Ticket]) -> None:
        outcome = attempt(functools.partial(self._find, tickets))
        if outcome.value is not None:
            for ticket, found in zip(tickets, outcome.value, strict=True):
                ticket.serve(found)
        elif len(tickets) == 1:
            tickets[0].serve(None, error=outcome.error)
        else:
            for ticket in tickets:
                self._serve([ticket])

    def _find(self, tickets: Sequence[Ticket]) -> list[Found]:
        images = [ticket.frame.image for ticket in tickets]
        start = time.perf_counter()
        poses = self._estimator.estimate(images)
        self._clock.add("estimate", time.perf_counter() - start)
        if len(poses) != len(images):
            raise RuntimeError(f"the estimator returned {len(poses)} poses for {len(images)}")
        findings = [NOTHING] * len(images)
        if self._inspector is not None and any(ticket.due for ticket in tickets):
            with self._clock.time("secondary"):
                due = [ticket.due for ticket in tickets]
                findings = self._inspector.inspect(images, poses, due)
        return [Found(*pair) for pair in zip(poses, findings, strict=True)]

"""Which frames the workers look at next: every stream in its turn."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Collection
from typing import NamedTuple, Protocol

from posestream.findings import Findings
from posestream.types import Frame, Poses


class Found(NamedTuple):
    """All that was found in one picture."""

    poses: Poses
    """The people."""
    findings: Findings
    """What secondary models say."""


class Owner(Protocol):
    """Whoever waits for a ticket."""

    def ready(self, ticket: Ticket) -> None:
        """Take note that a ticket has been served."""
        ...


class Ticket:
    """A frame on its way: what is wanted of it and, once it was served, what came of it.

    Args:
        frame: The frame.
        owner: Told when it has been served.
        infer: Whether people are to be looked for.
        due: Names of the secondary models that are to look at it.
        read_s: When it was read, by the monotonic clock, seconds.
    """

    __slots__ = ("due", "error", "found", "frame", "infer", "owner", "queued_s", "read_s", "served")

    def __init__(
        self,
        frame: Frame,
        owner: Owner,
        *,
        infer: bool = True,
        due: Collection[str] = (),
        read_s: float = 0.0,
    ) -> None:
        self.frame = frame
        self.owner = owner
        self.infer = infer
        self.due = due
        self.read_s = read_s
        self.queued_s = 0.0
        self.found: Found | None = None
        self.error: Exception | None = None
        self.served = not infer

    def serve(self, found: Found | None, *, error: Exception | None = None) -> None:
        """Store what came of it and tell the owner."""
        self.found, self.error = found, error
        self.owner.ready(self)


class Scheduler:
    """Tickets of many streams that wait for a worker.

    Streams take turns, one ticket each, so a stream with many waiting frames slows no other down.
    A stream's own tickets are taken in order.

    Waking a thread costs more than all that happens to a ticket here, so only those are woken that
    have something to do: one worker waits for its batch to fill, and is left alone until it has.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: OrderedDict[Owner, deque[Ticket]] = OrderedDict()
        self._count = 0
        self._enough = 0
        self._closed = False

    def __len__(self) -> int:
        """Return how many tickets wait."""
        return self._count

    def put(self, ticket: Ticket) -> None:
        """Let a ticket wait for a worker."""
        with self._changed:
            ticket.queued_s = time.monotonic()
            self._waiting.setdefault(ticket.owner, deque()).append(ticket)
            self._count += 1
            if self._count >= self._enough:
                self._changed.notify()

    def withdraw(self, ticket: Ticket) -> bool:
        """Take a ticket back; return False if a worker has it already."""
        with self._changed:
            queue = self._waiting.get(ticket.owner)
            if queue is None or ticket not in queue:
                return False
            queue.remove(ticket)
            self._count -= 1
            if not queue:
                del self._waiting[ticket.owner]
            return True

    def take(self, limit: int = 1, *, gather_s: float = 0.0) -> list[Ticket]:
        """Wait for tickets and return up to ``limit`` of them, from as many streams as can be.

        Args:
            limit: Most tickets at once.
            gather_s: How long the first of them may wait for others to fill the batch, seconds.

        Returns:
            At least one ticket; none once the scheduler is closed and empty.
        """
        with self._changed:
            while self._count or not self._closed:
                patience_s = self._patience_s(limit, gather_s)
                if patience_s <= 0:
                    return self._batch(limit)
                if self._enough or not self._count:
                    self._changed.wait()
                else:
                    self._gather(limit, patience_s)
            return []

    def close(self) -> None:
        """Let workers go once nothing waits any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _gather(self, enough: int, patience_s: float) -> None:
        """Wait for tickets to fill a batch; nobody else is woken until they do."""
        self._enough = enough
        self._changed.wait(patience_s)
        self._enough = 0

    def _batch(self, limit: int) -> list[Ticket]:
        batch = [self._next() for _ in range(min(limit, self._count))]
        if self._count:
            self._changed.notify()
        return batch

    def _patience_s(self, limit: int, gather_s: float) -> float:
        """Return how long the tickets may still wait to be more; for ever if there are none."""
        if not self._count:
            return math.inf
        if self._count >= limit or self._closed:
            return 0.0
        oldest_s = min(queue[0].queued_s for queue in self._waiting.values())
        return oldest_s + gather_s - time.monotonic()

    def _next(self) -> Ticket:
        owner, queue = self._waiting.popitem(last=False)
        ticket = queue.popleft()
        if queue:
            self._waiting[owner] = queue  # at the end of the row
        self._count -= 1
        return ticket

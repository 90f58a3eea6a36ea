"""One stream's frames on their way, in order, never more than there is room for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from posestream.runtime.scheduling import Scheduler, Ticket


def _ignore(_: Ticket) -> None:
    """Do nothing about a dropped ticket."""


class Lane:
    """Sends a stream's tickets to the scheduler and gives them back served, in their order.

    By the rules of files, `put` waits for room and every ticket comes out. By the rules of live
    streams it never waits: when there is no room, the oldest ticket that no worker has yet is
    dropped, so that what is looked at is as fresh as can be.

    `close` ends it in order: what is inside still comes out. `cancel` ends it at once.

    Args:
        scheduler: Where tickets wait for a worker.
        ahead: Most tickets inside, waiting or served.
        live: Whether the rules of live streams hold.
        waiting: Most tickets that wait for a worker, by the rules of live streams.
        on_drop: Told of every ticket that is dropped; called while the lane is locked.

    Raises:
        ValueError: If there is no room for a single ticket.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        ahead: int,
        live: bool = False,
        waiting: int = 2,
        on_drop: Callable[[Ticket], None] = _ignore,
    ) -> None:
        if ahead < 1 or waiting < 1:
            raise ValueError(f"ahead and waiting must be at least 1, not {ahead} and {waiting}")
        self._scheduler = scheduler
        self._ahead = ahead
        self._live = live
        self._waiting = waiting
        self._on_drop = on_drop
        self._tickets: deque[Ticket] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """Return how many tickets are inside."""
        return len(self._tickets)

    def put(self, ticket: Ticket) -> bool:
        """Send a ticket on its way; return False if the lane has ended instead."""
        with self._changed:
            if not self._live:
                self._changed.wait_for(lambda: self._closed or len(self._tickets) < self._ahead)
            if self._closed:
                return False
            if self._live and not self._make_room():
                self._on_drop(ticket)
                return True
            self._tickets.append(ticket)
            if ticket.infer:
                self._scheduler.put(ticket)
            else:
                self._changed.notify_all()
            return True

    def ready(self, ticket: Ticket) -> None:
        """Take a ticket back from the worker that served it."""
        with self._changed:
            ticket.served = True
            self._changed.notify_all()

    def close(self) -> None:
        """Let no more tickets in; those inside still come out.

        By the rules of live streams those that no worker has yet are dropped.
        """
        with self._changed:
            self._closed = True
            if self._live:
                for ticket in [t for t in self._tickets if self._scheduler.withdraw(t)]:
                    self._drop(ticket)
            self._changed.notify_all()

    def cancel(self) -> None:
        """Let no more tickets in or out."""
        with self._changed:
            self._closed = True
            for ticket in self._tickets:
                self._scheduler.withdraw(ticket)
            self._tickets.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Ticket]:
        """Yield served tickets in the order they were put, until the lane has ended."""
        while True:
            with self._changed:
                self._changed.wait_for(self._can_go_on)
                if not self._tickets:
                    return
                ticket = self._tickets.popleft()
                self._changed.notify_all()
            yield ticket

    def _can_go_on(self) -> bool:
        return self._tickets[0].served if self._tickets else self._closed

    def _make_room(self) -> bool:
        """Drop what is too old; return False if the newest must go instead."""
        queued = [t for t in self._tickets if not t.served]
        while len(queued) >= self._waiting and (oldest := self._withdrawn(queued)):
            queued.remove(oldest)
            self._drop(oldest)
        while len(self._tickets) >= self._ahead:
            served = next((t for t in self._tickets if t.served), None) or self._withdrawn(queued)
            if served is None:
                return False
            self._drop(served)
        return True

    def _withdrawn(self, queued: list[Ticket]) -> Ticket | None:
        """Take the oldest ticket back that no worker has."""
        return next((t for t in queued if self._scheduler.withdraw(t)), None)

    def _drop(self, ticket: Ticket) -> None:
        self._tickets.remove(ticket)
        self._on_drop(ticket)

"""One stream's frames on their way, in order, never more than there is room for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from posestream.runtime.scheduling import Scheduler, Ticket


def _ignore(_: Ticket) -> None:
    """Do nothing about a dropped ticket."""


def _nobody() -> None:
    """Stand for whoever attends to a lane before anybody does."""


class Lane:
    """Sends a stream's tickets to the scheduler and gives them back served, in their order.

    By the rules of files, `put` waits where there is no room until half of it is free again, and
    every ticket comes out. By the rules of live
    streams it never waits: when there is no room, the oldest ticket that no worker has yet is
    dropped, so that what is looked at is as fresh as can be.

    Whoever attends to it is told when `hand_on` has something to do, and not again before that is
    done; so one thread at a time takes from it, whichever that is.

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
        self._lock = threading.Lock()
        self._has_room = threading.Condition(self._lock)
        self._on_ready = _nobody
        self._told = True
        self._closed = False

    def __len__(self) -> int:
        """Return how many tickets are inside."""
        return len(self._tickets)

    def attend(self, on_ready: Callable[[], None]) -> None:
        """Set who is told when `hand_on` is to be called.

        Args:
            on_ready: Called from any thread, while the lane is locked.
        """
        with self._lock:
            self._on_ready = on_ready
            self._told = False
            self._tell()

    def put(self, ticket: Ticket) -> bool:
        """Send a ticket on its way; return False if the lane has ended instead."""
        with self._lock:
            if not self._live:
                self._has_room.wait_for(lambda: self._closed or len(self._tickets) < self._ahead)
            if self._closed:
                return False
            if self._live and not self._make_room():
                self._on_drop(ticket)
                return True
            self._tickets.append(ticket)
            if ticket.infer:
                self._scheduler.put(ticket)
            else:
                self._tell()
            return True

    def ready(self, ticket: Ticket) -> None:
        """Take a ticket back from the worker that served it."""
        with self._lock:
            ticket.served = True
            self._tell()

    def close(self) -> None:
        """Let no more tickets in; those inside still come out.

        By the rules of live streams those that no worker has yet are dropped.
        """
        with self._lock:
            if self._live:
                for ticket in [t for t in self._tickets if self._scheduler.withdraw(t)]:
                    self._drop(ticket)
            self._end()

    def cancel(self) -> None:
        """Let no more tickets in or out."""
        with self._lock:
            for ticket in self._tickets:
                self._scheduler.withdraw(ticket)
            self._tickets.clear()
            self._end()

    def hand_on(self, take: Callable[[Ticket], None]) -> bool:
        """Give out the next ticket, in the order they were put, if it is served.

        Args:
            take: Takes it; the lane is not locked then. Where it raises, nobody is told of
                anything any more.

        Returns:
            Whether the lane has ended and is empty.
        """
        with self._lock:
            ticket = self._tickets.popleft() if self._next_is_served() else None
            if len(self._tickets) <= self._ahead // 2:  # a reader woken for one frame is costly
                self._has_room.notify_all()
        if ticket is not None:
            take(ticket)
        with self._lock:
            over = self._closed and not self._tickets
            self._told = over
            self._tell()
        return over

    def _end(self) -> None:
        self._closed = True
        self._has_room.notify_all()
        self._tell()

    def _tell(self) -> None:
        """Tell who attends that there is something to do, unless they know."""
        if not self._told and (self._next_is_served() or (self._closed and not self._tickets)):
            self._told = True
            self._on_ready()

    def _next_is_served(self) -> bool:
        return bool(self._tickets) and self._tickets[0].served

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

"""Few threads that do short pieces of work for many streams."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class Turns:
    """Does pieces of work as they come, first come, first served, on threads of its own.

    A thread that wakes for every frame costs more than most of what it does there, and threads
    that work in Python hold each other up; so what is short is done here, one after the other.

    Args:
        name: Name of the threads.
        threads: How many there are.
    """

    def __init__(self, name: str, *, threads: int = 1) -> None:
        self._due: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = threads
        for _ in range(threads):
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def call(self, work: Callable[[], None]) -> None:
        """Have a piece of work done; returns at once.

        Args:
            work: Must not raise.
        """
        self._due.put(work)

    def close(self) -> None:
        """Let the threads go once everything due is done; returns at once."""
        for _ in range(self._threads):
            self._due.put(None)

    def _work(self) -> None:
        while (work := self._due.get()) is not None:
            work()

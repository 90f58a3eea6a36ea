"""Many streams decoded by a few threads, each stream by one of them at a time."""

from __future__ import annotations

import enum
import queue
import threading
from collections.abc import Callable


class _State(enum.Enum):
    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    POKED = "poked"  # running, and to be run again


class Task:
    """Something that goes on in small steps whenever there is a reason to.

    Args:
        step: Does a little; returns whether there may be more to do at once.
    """

    def __init__(self, step: Callable[[], bool]) -> None:
        self._step = step
        self._state = _State.IDLE
        self._lock = threading.Lock()

    def poke(self) -> bool:
        """Note that there is a reason; return whether it is to be put into the queue."""
        with self._lock:
            if self._state is _State.IDLE:
                self._state = _State.QUEUED
                return True
            if self._state is _State.RUNNING:
                self._state = _State.POKED
            return False

    def run(self) -> bool:
        """Do one step; return whether it is to be put into the queue again."""
        with self._lock:
            self._state = _State.RUNNING
        more = self._step()
        with self._lock:
            again = more or self._state is _State.POKED
            self._state = _State.QUEUED if again else _State.IDLE
            return again


class DecodePool:
    """Threads that take turns at tasks.

    A video decoder works on a packet for longer than a stream has to wait for the next one, and
    the thread that gave it the packet waits with it. So a GPU with seven decoders wants two dozen
    threads, not one for each of 150 streams, which would fight for Python's lock.

    Args:
        threads: How many.
    """

    def __init__(self, threads: int) -> None:
        self._ready: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"decode-{i}", daemon=True)
            for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def poke(self, task: Task) -> None:
        """Let a task go on."""
        if task.poke():
            self._ready.put(task)

    def close(self) -> None:
        """Let the threads end after their present steps, and wait for that."""
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (task := self._ready.get()) is not None:
            if task.run():
                self._ready.put(task)

"""Many streams side by side, sharing the workers that find people."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from posestream.runtime.metrics import StageClock
from posestream.runtime.scheduling import Scheduler
from posestream.runtime.status import StreamStatus
from posestream.runtime.stream import Stream, StreamPlan
from posestream.runtime.tidying import Tidier
from posestream.runtime.turns import Turns
from posestream.runtime.workers import Estimator, Inspector, Workers
from posestream.topology import Topology

_TICK_S = 0.1
_MOST_AHEAD = 64
"""Frames of one file on their way at most: 200 MB of a GPU at 1080 lines."""
_QUICK_WRITERS = 2
"""Threads that write for all streams whose writing takes no time."""


class StreamSet:
    """Runs streams that come and go; all methods may be called from any thread.

    Streams share worker threads, taking turns, and nothing else: what happens to one stops no
    other. A thread of its own looks after the sources.

    Args:
        estimator: Finds people.
        topology: What its keypoints mean.
        workers: Threads that find people.
        batch: Most frames at once.
        gather_s: How long a frame may wait for others to fill its batch, seconds.
        clock: Where stage times are counted.
        inspector: Lets secondary models look; None without any.
        concurrent: Most streams that take turns, such as files, that are open at once.
    """

    def __init__(
        self,
        estimator: Estimator,
        *,
        topology: Topology,
        workers: int,
        batch: int = 1,
        gather_s: float = 0.0,
        clock: StageClock | None = None,
        inspector: Inspector | None = None,
        concurrent: int = 32,
    ) -> None:
        self.clock = clock or StageClock()
        self._topology = topology
        self._frames_at_work = workers * batch
        self._concurrent = concurrent
        self._scheduler = Scheduler()
        self._turns = Turns("write", threads=_QUICK_WRITERS)
        self._workers = Workers(
            self._scheduler,
            estimator,
            count=workers,
            batch=batch,
            gather_s=gather_s,
            clock=self.clock,
            inspector=inspector,
        )
        self._lock = threading.Lock()
        self._streams: dict[str, Stream] = {}
        self._wanted: set[str] = set()
        self._changed = threading.Event()
        self._moved = threading.Condition()
        self._closing = False
        self._supervisor = threading.Thread(target=self._supervise, name="supervise", daemon=True)
        self._supervisor.start()

    def __len__(self) -> int:
        """Return how many streams there are."""
        return len(self._streams)

    def add(self, plan: StreamPlan[Any], *, start: bool = True) -> None:
        """Add a stream.

        Args:
            plan: What it is to do.
            start: Whether it begins now, or as soon as fewer others are open.

        Raises:
            ValueError: If a stream has that name already.
        """
        stream = Stream(
            plan,
            scheduler=self._scheduler,
            turns=self._turns,
            topology=self._topology,
            ahead=self._ahead,
            clock=self.clock,
            changed=self._changed.set,
        )
        with self._lock:
            if plan.name in self._streams:
                raise ValueError(f"stream {plan.name!r} is there already")
            self._streams[plan.name] = stream
        if start:
            self.start(plan.name)

    def start(self, name: str) -> None:
        """Begin a stream, or begin it again after it has ended, failed or been stopped.

        Raises:
            KeyError: If there is no such stream.
        """
        self._named(name)
        with self._lock:
            self._wanted.add(name)
        self._changed.set()

    def stop(self, name: str, *, timeout_s: float | None = 3.0) -> bool:
        """Stop a stream and finish what it writes; return whether that is done in time.

        Raises:
            KeyError: If there is no such stream.
        """
        stream = self._named(name)
        with self._lock:
            self._wanted.discard(name)
        stream.stop()
        return stream.join(timeout_s)

    def remove(self, name: str, *, timeout_s: float | None = 3.0) -> bool:
        """Stop a stream and forget it; return whether its writing is finished in time.

        Raises:
            KeyError: If there is no such stream.
        """
        finished = self.stop(name, timeout_s=timeout_s)
        with self._lock:
            del self._streams[name]
        return finished

    def statuses(self) -> list[StreamStatus]:
        """Return how every stream is doing, in the order they were added."""
        now_s = time.monotonic()
        return [stream.status(now_s) for stream in self._all()]

    def status(self, name: str) -> StreamStatus | None:
        """Return how one stream is doing; None if there is no such stream."""
        with self._lock:
            stream = self._streams.get(name)
        return stream.status(time.monotonic()) if stream is not None else None

    def errors(self) -> dict[str, Exception]:
        """Return why streams failed, by their names."""
        return {s.plan.name: s.error for s in self._all() if s.error is not None}

    def wait(self, timeout_s: float) -> bool:
        """Wait a while for the end; return whether no stream runs and everything is written."""
        with self._moved:
            self._moved.wait_for(self._all_done, timeout_s)
            return self._all_done()

    def stop_all(self) -> None:
        """Let every stream stop; returns at once."""
        with self._lock:
            self._wanted.clear()
        for stream in self._all():
            stream.stop()
        self._changed.set()

    def close(self, *, timeout_s: float = 3.0) -> bool:
        """Stop every stream, finish what they write, and let the threads go.

        Args:
            timeout_s: How long sources may take to end before what was read from them is
                finished without them, seconds.

        Returns:
            Whether every stream's writing is finished.
        """
        self.stop_all()
        if not self.wait(timeout_s):
            for stream in self._all():
                stream.let_go()
        deadline_s = time.monotonic() + timeout_s
        for stream in self._all():
            stream.join(max(0.0, deadline_s - time.monotonic()))
        finished = all(stream.join(0) for stream in self._all())
        self._closing = True
        self._changed.set()
        self._supervisor.join()
        self._scheduler.close()
        self._turns.close()
        if finished:
            self._workers.join()
        return finished

    def _supervise(self) -> None:
        tidier = Tidier()
        while not self._closing:
            self._changed.wait(_TICK_S)
            self._changed.clear()
            self._begin_waiting()
            now_s = time.monotonic()
            for stream in self._all():
                stream.tick(now_s)
            with self._moved:
                self._moved.notify_all()
            tidier.tick(now_s)
        tidier.close()

    def _begin_waiting(self) -> None:
        """Start wanted streams, those that take turns only as far as there is room."""
        with self._lock:
            wanted = [s for n, s in self._streams.items() if n in self._wanted]
            open_now = sum(s.plan.takes_turns and s.active for s in self._all_held())
            room = self._concurrent - open_now
            for stream in wanted:
                if not stream.plan.takes_turns or room > 0:
                    room -= stream.plan.takes_turns
                    self._wanted.discard(stream.plan.name)
                    stream.start()

    def _ahead(self) -> int:
        """Return the frames of one file on their way: enough together to keep workers busy."""
        together = 2 * self._frames_at_work + 2
        active = max(1, sum(stream.active for stream in self._all()))
        return min(max(2, -(-together // active)), _MOST_AHEAD)

    def _all_done(self) -> bool:
        with self._lock:
            return not self._wanted and not any(stream.active for stream in self._all_held())

    def _all(self) -> Sequence[Stream]:
        with self._lock:
            return self._all_held()

    def _all_held(self) -> Sequence[Stream]:
        return tuple(self._streams.values())

    def _named(self, name: str) -> Stream:
        with self._lock:
            return self._streams[name]

"""Keep other threads from a GPU while one of them records a CUDA graph.

What another thread asks of the driver meanwhile, such as a decoder to be made or let go, may wait
for the whole context. That breaks the recording, and what was asked fails, too. So whoever uses a
GPU beside recorded graphs does it `alongside`, and recordings, of some hundredths of a second each,
are made `alone`.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol


class Holding(Protocol):
    """Something to hold in a ``with`` block."""

    def __enter__(self) -> None:
        """Wait until it may be held, and hold it."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Hold it no more."""
        ...


class Traffic:
    """Lets any number of threads through at once, or one that is alone.

    Whoever wants to be alone comes before those who come later. A thread that is here already may
    enter again.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._own = threading.local()  # how deep a thread is inside, and whether it has our lock
        self._inside = 0
        self._recorder: int | None = None
        self._left_behind: deque[list[Any]] = deque()
        self.alongside: Holding = _Alongside(self)
        """Held by those who may be here together."""
        self.alone: Holding = _Alone(self)
        """Held by one who wants nobody else here."""

    def let_go(self, held: list[Any]) -> None:
        """Empty a list, alongside others, at once or as soon as this thread may.

        The collector of cycles may call this anywhere: while this thread is alone, or in the midst
        of a method of ours.

        Args:
            held: Holds the last references to what a GPU must give up.
        """
        if self._recorder == threading.get_ident() or getattr(self._own, "has_lock", False):
            self._left_behind.append(held)
            return
        with self.alongside:
            held.clear()

    def enter(self) -> None:
        """Wait until nobody is, or wants to be, alone."""
        depth = getattr(self._own, "depth", 0)
        if depth or self._recorder == threading.get_ident():
            self._own.depth = depth + 1
            return
        self._own.has_lock = True
        with self._changed:
            while self._recorder is not None:
                self._changed.wait()
            self._inside += 1
            self._own.depth = 1
        self._own.has_lock = False

    def leave(self) -> None:
        """Let others go on."""
        if self._own.depth > 1 or self._recorder == threading.get_ident():
            self._own.depth -= 1
            return
        self._own.has_lock = True
        with self._changed:
            self._own.depth = 0
            self._inside -= 1
            if not self._inside and self._recorder is not None:
                self._changed.notify_all()
        self._own.has_lock = False
        self._catch_up()

    def close(self) -> None:
        """Let nobody in any more, and wait until all have left."""
        self._own.has_lock = True
        with self._changed:
            while self._recorder is not None:
                self._changed.wait()
            self._recorder = threading.get_ident()
            while self._inside:
                self._changed.wait()
        self._own.has_lock = False

    def open(self) -> None:
        """Let all in again."""
        self._own.has_lock = True
        with self._changed:
            self._recorder = None
            self._changed.notify_all()
        self._own.has_lock = False
        self._catch_up()

    def _catch_up(self) -> None:
        """Let go what was left behind, by any thread."""
        if not self._left_behind:
            return
        with self.alongside:
            while self._left_behind:
                with suppress(IndexError):  # another thread was quicker
                    self._left_behind.popleft().clear()


class _Alongside:
    __slots__ = ("_traffic",)

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def __enter__(self) -> None:
        self._traffic.enter()

    def __exit__(self, *_: object) -> None:
        self._traffic.leave()


class _Alone:
    __slots__ = ("_traffic",)

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def __enter__(self) -> None:
        self._traffic.close()

    def __exit__(self, *_: object) -> None:
        self._traffic.open()


TRAFFIC = Traffic()
"""That of this process, which works with one GPU."""

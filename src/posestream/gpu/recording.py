"""Keep other threads from a GPU while one of them records a CUDA graph.

What another thread asks of the driver meanwhile, such as a decoder to be made or let go, may wait
for the whole context. That breaks the recording, and what was asked fails, too. So whoever uses a
GPU beside recorded graphs does it `alongside`, and recordings, of some hundredths of a second each,
are made `alone`.
"""

from __future__ import annotations

import threading
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
        self._own = threading.local()
        self._inside = 0
        self._recorder: int | None = None
        self._left_behind: list[list[Any]] = []
        self.alongside: Holding = _Alongside(self)
        """Held by those who may be here together."""
        self.alone: Holding = _Alone(self)
        """Held by one who wants nobody else here."""

    def let_go(self, held: list[Any]) -> None:
        """Empty a list, alongside others; what is let go while this thread is alone goes later.

        Args:
            held: Holds the last references to what a GPU must give up.
        """
        if self._recorder == threading.get_ident():  # the collector of cycles may call anywhere
            self._left_behind.append(held)
            return
        with self.alongside:
            held.clear()

    def enter(self) -> None:
        """Wait until nobody is, or wants to be, alone."""
        depth = getattr(self._own, "depth", 0)
        self._own.depth = depth + 1
        if depth or self._recorder == threading.get_ident():
            return
        with self._changed:
            while self._recorder is not None:
                self._changed.wait()
            self._inside += 1

    def leave(self) -> None:
        """Let others go on."""
        self._own.depth -= 1
        if self._own.depth or self._recorder == threading.get_ident():
            return
        with self._changed:
            self._inside -= 1
            if not self._inside and self._recorder is not None:
                self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and wait until all have left."""
        with self._changed:
            while self._recorder is not None:
                self._changed.wait()
            self._recorder = threading.get_ident()
            while self._inside:
                self._changed.wait()

    def open(self) -> None:
        """Let all in again."""
        with self._changed:
            self._recorder = None
            left, self._left_behind = self._left_behind, []
            self._changed.notify_all()
        for held in left:
            self.let_go(held)


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

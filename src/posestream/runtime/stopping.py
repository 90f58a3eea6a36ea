"""Stop in order on the first signal, at once on the second."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopFlag:
    """A wish that a run ends; a plain attribute, so that a signal handler cannot deadlock."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.requested = False

    def request(self) -> None:
        """Ask for the end; what was begun is finished."""
        self.requested = True


@contextmanager
def stop_on_signals(flag: StopFlag) -> Iterator[None]:
    """Turn the first SIGINT or SIGTERM into a request, and leave the process on the second.

    Does nothing outside the main thread, where Python cannot handle signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _: FrameType | None) -> None:
        if flag.signal_number is not None:
            os._exit(128 + number)
        flag.signal_number = number
        flag.request()

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

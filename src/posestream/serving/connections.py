"""Cut off connections that only take up room."""

from __future__ import annotations

import time
from typing import Any


class Connections:
    """The connections of a uvicorn server, for use on its event loop.

    uvicorn waits for ever for the rest of a request; a few dozen connections that say nothing would
    keep everybody else out.

    Args:
        silence_s: How long a connection may go without asking for anything, seconds.
    """

    def __init__(self, *, silence_s: float = 10.0) -> None:
        self._silence_s = silence_s
        self._silent_since_s: dict[Any, float] = {}

    def cut_silent(self, connections: set[Any]) -> None:
        """Cut those that have been silent for long; to be called every second or so."""
        now_s = time.monotonic()
        silent = {one for one in connections if one.cycle is None or one.cycle.response_complete}
        self._silent_since_s = {one: self._silent_since_s.get(one, now_s) for one in silent}
        for one, since_s in self._silent_since_s.items():
            if now_s - since_s > self._silence_s:
                one.transport.abort()


def cut_all(connections: set[Any]) -> None:
    """Cut every connection, also one whose other end does not read."""
    for connection in list(connections):
        connection.transport.abort()

"""Gather decoded frames of many streams into batches."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from posestream.geometry import Size
from posestream.gpu.surfaces import Surface


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """A picture on its way to the network."""

    owner: Any
    """The stream it belongs to."""
    index: int
    """Position among the stream's decoded frames, from 0."""
    pts: int
    """Presentation time, ticks."""
    surface: Surface
    """The pixels."""
    since_s: float
    """When its packet went into the decoder, by the performance counter, seconds."""


class Batcher:
    """Frames that wait for a GPU, the oldest first.

    A batch is given out when it is full, or when its oldest frame has waited long enough. A batch
    holds frames of one input size; a stream's frames never overtake each other.

    Args:
        limit: Most frames in a batch.
        gather_s: How long a frame may wait for others, seconds.
        input_size: Returns the network input that a frame of some size needs.
    """

    def __init__(self, *, limit: int, gather_s: float, input_size: Callable[[Size], Size]) -> None:
        self._limit, self._gather_s = limit, gather_s
        self._input_size = input_size
        self._sizes: dict[Size, Size] = {}
        self._waiting: deque[tuple[float, DecodedFrame]] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        """Return how many frames wait."""
        return len(self._waiting)

    def put(self, frame: DecodedFrame) -> None:
        """Let a frame wait for its batch."""
        with self._changed:
            self._waiting.append((time.monotonic(), frame))
            if len(self._waiting) in (1, self._limit):  # in between nobody needs to wake up
                self._changed.notify()

    def withdraw(self, owner: object, *, keep: int) -> list[DecodedFrame]:
        """Take out a stream's frames but for its latest, and return those taken out."""
        with self._changed:
            own = [frame for _, frame in self._waiting if frame.owner is owner]
            gone = own[: max(0, len(own) - keep)]
            if gone:
                left_out = {id(frame) for frame in gone}
                kept = [pair for pair in self._waiting if id(pair[1]) not in left_out]
                self._waiting = deque(kept)
            return gone

    def take(self) -> list[DecodedFrame]:
        """Wait for a batch; it is empty once the batcher is closed and nothing waits."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return []
                patience_s = self._waiting[0][0] + self._gather_s - time.monotonic()
                if len(self._waiting) >= self._limit or self._closed or patience_s <= 0:
                    return self._next()
                self._changed.wait(patience_s)

    def close(self) -> None:
        """Give out what waits, and then nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> list[DecodedFrame]:
        size = self._size(self._waiting[0][1])
        batch: list[DecodedFrame] = []
        left: deque[tuple[float, DecodedFrame]] = deque()
        behind: set[int] = set()  # streams of which an earlier frame was left
        while self._waiting and len(batch) < self._limit:
            pair = self._waiting.popleft()
            owner = id(pair[1].owner)
            if owner in behind or self._size(pair[1]) != size:
                behind.add(owner)
                left.append(pair)
            else:
                batch.append(pair[1])
        self._waiting.extendleft(reversed(left))
        return batch

    def _size(self, frame: DecodedFrame) -> Size:
        found = self._sizes.get(frame.surface.size)
        if found is None:
            found = self._sizes[frame.surface.size] = self._input_size(frame.surface.size)
        return found

"""Which decoded picture belongs to which time, where a decoder only keeps their order."""

from __future__ import annotations

import heapq

_MOST_HELD = 24
"""Packets that may wait for their pictures: 16 that others refer to, and those being decoded."""


class PresentationTimes:
    """Gives pictures, which come out in order of presentation, the times of their packets.

    A packet that is damaged beyond recognition yields no picture, and its time goes to the next
    one, and so on, until the decoder is emptied, as it should be before each picture that begins
    a sequence of its own.
    """

    def __init__(self) -> None:
        self.lost = 0
        """Packets so far that yielded no picture."""
        self._waiting: list[int] = []

    def __len__(self) -> int:
        """Return how many packets wait for their pictures."""
        return len(self._waiting)

    def submitted(self, pts: int) -> None:
        """Note that a packet goes into the decoder."""
        heapq.heappush(self._waiting, pts)

    def shown(self, count: int) -> list[int]:
        """Return the times of the pictures that came out after the latest packet."""
        times = [heapq.heappop(self._waiting) for _ in range(min(count, len(self._waiting)))]
        if len(times) < count:  # more pictures than packets: two fields, or a decoder's invention
            last = times[-1] if times else 0
            times += [last + 1 + more for more in range(count - len(times))]
        while len(self._waiting) > _MOST_HELD:
            heapq.heappop(self._waiting)
            self.lost += 1
        return times

    def flushed(self) -> None:
        """Forget what never came out of a decoder that was emptied."""
        self.lost += len(self._waiting)
        self._waiting.clear()

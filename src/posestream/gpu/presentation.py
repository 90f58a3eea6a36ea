"""Which decoded picture belongs to which time, where a decoder only keeps their order."""

from __future__ import annotations

import heapq

_WINDOW = 64


class PresentationTimes:
    """Gives pictures, which come out in order of presentation, the times of their packets.

    A packet that is damaged beyond recognition yields no picture, and its time would go to the next
    one, and so on for ever. How many times wait for their pictures goes up and down by as much
    as pictures are reordered, but its least over a while stays the same; where that grows,
    pictures were lost, and as many of the earliest times with them.
    """

    def __init__(self) -> None:
        self.lost = 0
        """Packets so far that yielded no picture."""
        self._waiting: list[int] = []
        self._least: int | None = None
        self._window_least, self._seen = 1 << 30, 0

    def submitted(self, pts: int) -> None:
        """Note that a packet goes into the decoder."""
        heapq.heappush(self._waiting, pts)

    def shown(self, count: int) -> list[int]:
        """Return the times of the pictures that came out after the latest packet."""
        times = [heapq.heappop(self._waiting) for _ in range(min(count, len(self._waiting)))]
        if len(times) < count:  # more pictures than packets: two fields, or a decoder's invention
            last = times[-1] if times else 0
            times += [last + 1 + more for more in range(count - len(times))]
        if count or self._least is not None:
            self._watch()
        return times

    def flushed(self) -> None:
        """Forget what never came out of a decoder that was emptied."""
        self.lost += len(self._waiting)
        self._waiting.clear()

    def _watch(self) -> None:
        self._window_least = min(self._window_least, len(self._waiting))
        self._seen += 1
        if self._seen < _WINDOW:
            return
        if self._least is None:
            self._least = self._window_least
        excess = self._window_least - self._least
        for _ in range(excess):
            heapq.heappop(self._waiting)
        self.lost += max(0, excess)
        self._least = min(self._least, self._window_least)
        self._window_least, self._seen = 1 << 30, 0

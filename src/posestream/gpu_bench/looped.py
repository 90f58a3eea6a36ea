"""A compressed stream from memory, again and again."""

from __future__ import annotations

import ctypes
import itertools
import time
from collections.abc import Iterator, Sequence

from posestream.gpu.packets import Packet, VideoInfo


class LoopedPackets:
    """Repeats packets, their times going on; each repetition must begin with a key frame.

    Args:
        info: What the packets are.
        packets: Bytes, presentation time in ticks, and whether decoding can begin there.
        ticks: Length of one repetition.
        times: How often; None for ever.
        frames_per_s: How many packets come in a second, as from a camera; None for at once.
    """

    def __init__(
        self,
        info: VideoInfo,
        packets: Sequence[tuple[bytes, int, bool]],
        *,
        ticks: int,
        times: int | None = 1,
        frames_per_s: float | None = None,
    ) -> None:
        self.info = info
        self._packets = [
            (data, ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0, pts, key)
            for data, pts, key in packets
        ]
        self._ticks, self._times, self._rate = ticks, times, frames_per_s
        self._closed = False

    def packets(self) -> Iterator[Packet]:
        """Yield every packet, in time where there is a rate."""
        rounds = itertools.count() if self._times is None else range(self._times)
        began, count = time.monotonic(), 0
        for place in rounds:
            for data, address, pts, key in self._packets:
                if self._closed:
                    return
                if self._rate is not None:
                    time.sleep(max(0.0, began + count / self._rate - time.monotonic()))
                count += 1
                yield Packet(address, len(data), pts + place * self._ticks, key, data)

    def close(self) -> None:
        """End before the next packet."""
        self._closed = True

"""The last seconds of a video, encoded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction

import av

MOST_BYTES = 64 * 2**20
"""What a ring takes at most; 1080p at 30 frames per second takes about half a megabyte a second."""


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPicture:
    """A packet of one picture, copied, so that nobody else changes it."""

    data: bytes
    """The packet."""
    pts: int
    """When it is shown, ticks of the stream."""
    dts: int
    """When it is decoded, ticks of the stream."""
    duration: int
    """How long it is shown, ticks."""
    is_key: bool
    """Whether decoding can begin with it."""
    time_base: Fraction
    """Seconds per tick."""

    @classmethod
    def of(cls, packet: av.Packet, *, shift: int = 0) -> EncodedPicture:
        """Copy a packet.

        Args:
            packet: Of an encoder, times and all.
            shift: Added to its times, ticks.
        """
        pts = packet.pts or 0
        dts = pts if packet.dts is None else packet.dts
        return cls(
            data=bytes(packet),
            pts=pts + shift,
            dts=dts + shift,
            duration=packet.duration or 0,
            is_key=packet.is_keyframe,
            time_base=packet.time_base,
        )

    @property
    def pts_s(self) -> float:
        """When it is shown, seconds of the stream."""
        return float(self.pts * self.time_base)

    @property
    def dts_s(self) -> float:
        """When it is decoded, seconds of the stream."""
        return float(self.dts * self.time_base)

    def packet(self, *, shift: int) -> av.Packet:
        """Make a packet of it again, with ``shift`` added to its times, ticks."""
        packet = av.Packet(self.data)
        packet.pts, packet.dts = self.pts + shift, self.dts + shift
        packet.duration, packet.time_base = self.duration, self.time_base
        packet.is_keyframe = self.is_key
        return packet


class PictureRing:
    """Holds encoded pictures from the last key frame before some seconds ago on.

    Pictures are let go by whole groups that begin with a key frame, so the first one held always is
    such a frame.

    Args:
        keep_s: Seconds that are held at least.
        most_bytes: Where they are more, old groups go even so; the latest stays.
    """

    def __init__(self, *, keep_s: float, most_bytes: int = MOST_BYTES) -> None:
        self._keep_s = keep_s
        self._most_bytes = most_bytes
        self._groups: deque[list[EncodedPicture]] = deque()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """What the pictures take."""
        return self._bytes

    def __len__(self) -> int:
        """Return the number of pictures."""
        return sum(len(group) for group in self._groups)

    @property
    def reached_s(self) -> float:
        """Time up to which every picture has come, seconds; minus infinity before the first."""
        return self._groups[-1][-1].dts_s if self._groups else float("-inf")

    def add(self, picture: EncodedPicture) -> None:
        """Add the next picture in the order of decoding; before the first key frame none counts."""
        if picture.is_key:
            self._groups.append([])
        elif not self._groups:
            return
        self._groups[-1].append(picture)
        self._bytes += len(picture.data)
        while len(self._groups) > 1 and self._first_can_go(picture.dts_s):
            self._bytes -= sum(len(gone.data) for gone in self._groups.popleft())

    def since(self, time_s: float) -> list[EncodedPicture]:
        """Return the pictures from the last key frame at or before a time on, or all of them."""
        first = 0
        for place, group in enumerate(self._groups):
            if group[0].pts_s <= time_s:
                first = place
        return [picture for group in list(self._groups)[first:] for picture in group]

    def after(self, dts: int) -> list[EncodedPicture]:
        """Return the pictures that are decoded after this tick."""
        return [picture for group in self._groups for picture in group if picture.dts > dts]

    def _first_can_go(self, now_s: float) -> bool:
        if self._bytes > self._most_bytes:
            return True
        return self._groups[1][0].pts_s <= now_s - self._keep_s

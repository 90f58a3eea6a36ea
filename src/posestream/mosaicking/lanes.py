"""The pictures of one stream that wait for their time in a mosaic."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass
from fractions import Fraction

from posestream.images import HostImage
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.overlay.tiles import SQUARE, TileScaler

_AHEAD, _AHEAD_ON_GPU = 4, 2
"""Pictures that wait; from two on, a full lane knows what the next picture shows of it. Those of a
GPU are whole frames, so only as many of them wait as must."""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    at_s: Fraction
    """When the mosaic shows it."""
    image: HostImage | DrawnLater
    """The frame at the size of a tile; as it is on a GPU."""


class Lane:
    """What a mosaic by the files' clocks holds of one stream; used with the mosaic's lock held.

    Args:
        lock: The mosaic's.
        joins_late: Whether pictures were made before the stream was there.
    """

    def __init__(self, lock: threading.Lock, *, joins_late: bool) -> None:
        self.frame_rate: Fraction | None = None
        self.pixel_aspect = SQUARE
        self.scaler = TileScaler()
        self.changed = threading.Condition(lock)
        self.image: HostImage | DrawnLater | None = None
        self.ended = False
        self._joins_late = joins_late
        self._waiting: deque[_Waiting] = deque()
        self._shift_s: Fraction | None = None
        self._latest_s = Fraction(0)

    @property
    def waits(self) -> bool:
        """Whether a picture waits to be shown."""
        return bool(self._waiting)

    @property
    def holds_up_the_start(self) -> bool:
        """Whether the first picture must wait for this stream's first frame."""
        return not (self.ended or self._waiting)

    def knows(self, tick: int, rate: Fraction) -> bool:
        """Tell whether no frame can come any more that a tick would show."""
        if self._waiting and _tick_of(self._waiting[-1], rate) > tick:
            return True
        return self.ended or (self._joins_late and self._shift_s is None)

    def has_room(self, time_s: Fraction, rate: Fraction | None) -> bool:
        """Tell whether a frame may come in; one that takes the place of another always may.

        Args:
            time_s: Of the frame, by the stream's clock.
            rate: Ticks per second; ``None`` before the first.
        """
        on_gpu = bool(self._waiting) and isinstance(self._waiting[-1].image, DrawnLater)
        if len(self._waiting) < (_AHEAD_ON_GPU if on_gpu else _AHEAD):
            return True
        if rate is None or self._shift_s is None:
            return False
        return math.ceil((time_s + self._shift_s) * rate) == _tick_of(self._waiting[-1], rate)

    def append(
        self,
        time_s: Fraction,
        image: HostImage | DrawnLater,
        *,
        now_s: Fraction,
        rate: Fraction | None,
    ) -> None:
        """Let a frame wait for its time, instead of another one of the same tick.

        Args:
            time_s: Of the frame, by the stream's clock.
            image: The frame, at the size of a tile unless it is on a GPU.
            now_s: Time of the mosaic's next picture, where the first frame of a stream goes that
                joins late or starts again.
            rate: Ticks per second; ``None`` before the first.
        """
        if self._shift_s is None:
            start_s = now_s if self._joins_late else Fraction(0)
            self._shift_s = max(start_s, self._latest_s) - time_s
        self._latest_s = time_s + self._shift_s
        self._waiting.append(_Waiting(self._latest_s, image))
        if rate is not None:
            self._leave_one_of_each_tick(rate)

    def begin(self, rate: Fraction) -> None:
        """Take note of how many ticks there are in a second."""
        self._leave_one_of_each_tick(rate)
        self.changed.notify_all()

    def take(self, tick: int, rate: Fraction) -> bool:
        """Go on to what a tick shows; return whether that is a new picture."""
        taken = False
        while self._waiting and _tick_of(self._waiting[0], rate) <= tick:
            self.image = self._waiting.popleft().image
            taken = True
        if taken:
            self.changed.notify_all()
        return taken

    def restart(self) -> None:
        """Let a stream that ended go on by another clock, after what still waits."""
        self.ended, self._joins_late, self._shift_s = False, True, None

    def _leave_one_of_each_tick(self, rate: Fraction) -> None:
        last_of = {_tick_of(waiting, rate): waiting for waiting in self._waiting}
        self._waiting = deque(last_of.values())


def _tick_of(waiting: _Waiting, rate: Fraction) -> int:
    """Return the first tick that shows a picture."""
    return math.ceil(waiting.at_s * rate)

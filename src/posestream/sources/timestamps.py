"""Give every frame a time of its own, later than the one before.

The rule, in ticks of the stream's time base:

* A time that is later than the previous frame's is kept exactly, so variable rates stay as they
  are.
* A missing time becomes one nominal frame interval after the previous frame.
* A time that repeats or goes back becomes half an interval after the previous frame, and at least
  a tick. Frames after it usually keep their own times then.
* Two frames in a row that go back by more than a second mean that the clock was restarted, as
  where recordings were joined. The second comes one interval after the first, and everything
  after it is moved by the same amount.
"""

from __future__ import annotations

from fractions import Fraction

_RESTART_S = 1


class Timeline:
    """Repairs the timestamps of one stream, frame by frame.

    Args:
        time_base: Seconds per tick.
        frame_rate: Nominal frames per second; 25 is assumed where unknown.
        start: Time of a first frame that has none, ticks.

    Attributes:
        interval: Ticks of a nominal frame interval, at least 1.
    """

    def __init__(
        self, *, time_base: Fraction, frame_rate: Fraction | None = None, start: int = 0
    ) -> None:
        self.interval = max(1, round(1 / ((frame_rate or Fraction(25)) * time_base)))
        self._restart = max(self.interval, int(_RESTART_S / time_base))
        self._start = start
        self._shift = 0
        self._far_back = 0
        self._previous: int | None = None

    def place(self, pts: int | None) -> int:
        """Return the time of the next frame, whose decoder said ``pts``."""
        self._previous = self._placed(pts, self._previous)
        return self._previous

    def _placed(self, pts: int | None, previous: int | None) -> int:
        if previous is None:
            return self._start if pts is None else pts
        if pts is None:
            return previous + self.interval
        shifted = pts + self._shift
        self._far_back = self._far_back + 1 if previous - shifted > self._restart else 0
        if shifted > previous:
            return shifted
        if self._far_back > 1:
            self._far_back = 0
            self._shift = previous + self.interval - pts
            return previous + self.interval
        return previous + max(1, self.interval // 2)

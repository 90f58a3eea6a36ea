"""One clock for a stream whose source comes and goes."""

from __future__ import annotations

from fractions import Fraction

from posestream.types import Frame

LIVE_TIME_BASE = Fraction(1, 90_000)
"""Seconds per tick of re-timed frames, the clock of RTP's video."""

_TICK_S = float(LIVE_TIME_BASE)
_TOLERATED_S = 2.0
_CORRECTION = 0.002


class LiveTimeline:
    """Gives the frames of a live stream times and numbers that go on for ever.

    Time zero is the first frame's arrival. A frame keeps its distance to the one before, as its
    source says, so jitter on the way does not reach the output. The source's clock is steered
    towards ours, slowly, so that drift does not add up. Where the two suddenly disagree by more
    than two seconds (the source was opened again, its clock was set, it paused) the time of
    arrival counts.
    """

    def __init__(self) -> None:
        self._begun_s: float | None = None
        self._offset_s = 0.0
        self._anchored = False
        self._ticks = -1
        self._index = 0

    def reopened(self) -> None:
        """Take note that the next frame comes from a source that was opened again."""
        self._anchored = False

    def place(self, frame: Frame, *, arrived_s: float) -> Frame:
        """Return a frame with its place in the whole stream.

        Args:
            frame: With the time and number its source gives.
            arrived_s: When it was read, by the monotonic clock, seconds.
        """
        if self._begun_s is None:
            self._begun_s = arrived_s
        now_s, pts_s = arrived_s - self._begun_s, frame.pts_s
        behind_s = now_s - (pts_s + self._offset_s)
        disagrees = not self._anchored or abs(behind_s) > _TOLERATED_S
        self._offset_s += behind_s * (1 if disagrees else _CORRECTION)
        self._anchored = True
        ticks = round((pts_s + self._offset_s) / _TICK_S)
        self._ticks = max(self._ticks + 1, ticks)
        index, self._index = self._index, self._index + 1
        return Frame(
            frame.stream,
            index,
            self._ticks,
            LIVE_TIME_BASE,
            frame.image,
            frame.wall_s,
            frame.file,
        )

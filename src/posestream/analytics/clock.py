"""A time that only goes on, whatever a stream says."""

from __future__ import annotations

import math

LONGEST_STEP_S = 10.0
"""After a longer gap nobody knows what happened meanwhile: it counts as this much."""


class StreamClock:
    """Counts the seconds of a stream that people could have been watched for.

    A stream that begins anew, repeats a time or has none stands still for that frame.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        """Seconds watched so far."""
        self.pts_s = 0.0
        """The last time that was one."""
        self._begun = False

    def tick(self, pts_s: float) -> float:
        """Take in the time of the next frame and return `now_s`."""
        if not math.isfinite(pts_s):
            return self.now_s
        if self._begun:
            self.now_s += min(max(pts_s - self.pts_s, 0.0), LONGEST_STEP_S)
        self._begun, self.pts_s = True, float(pts_s)
        return self.now_s

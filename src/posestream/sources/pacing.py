"""Hold frames back until they are due."""

from __future__ import annotations

import threading
import time

_LATE_S = 1.0


class Pacer:
    """Plays times against a clock that nobody can set.

    The first time is due at once, the others as long after it as they say. What is late is due at
    once; more than a second late, and the clock is set anew: then what follows keeps its distances
    and does not come in one bunch.

    Args:
        stopped: Once set, a wait that is under way ends at once and no other begins.
    """

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._zero_s: float | None = None

    def wait(self, time_s: float) -> bool:
        """Wait until a time is due; return False where that was stopped.

        Args:
            time_s: Seconds since any moment, the same for all calls.
        """
        now_s = time.monotonic()
        if self._zero_s is None or now_s - (self._zero_s + time_s) > _LATE_S:
            self._zero_s = now_s - time_s
        ahead_s = self._zero_s + time_s - now_s
        return not self._stopped.wait(min(max(0.0, ahead_s), threading.TIMEOUT_MAX))

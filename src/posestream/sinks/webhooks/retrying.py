"""When to try again."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

LONGEST_WAIT_S = 3600.0
"""A server that wants more patience than this does not get it."""


class Backoff:
    """Waits that double with each failure in a row, up to a limit, each shortened by chance.

    The chance keeps many senders from coming back at the same moment.

    Args:
        first_s: Wait after the first failure, seconds.
        most_s: The longest wait.
        chance: Where the randomness comes from.
    """

    def __init__(
        self, *, first_s: float = 1.0, most_s: float = 60.0, chance: random.Random | None = None
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._chance = chance or random.Random()
        self._failures = 0

    def failed(self) -> float:
        """Count a failure; return how long to wait now, between half the wait and all of it."""
        # 2.0**1024 is no number any more.
        wait_s = min(self._most_s, self._first_s * 2.0 ** min(self._failures, 64))
        self._failures += 1
        return wait_s * self._chance.uniform(0.5, 1)

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures = 0


def retry_after_s(value: str | None, *, now_s: float | None = None) -> float | None:
    """Read a ``Retry-After`` header: seconds, or a date.

    Args:
        value: The header; ``None`` where there is none.
        now_s: The time, seconds since the Unix epoch; by default now.

    Returns:
        Seconds to wait, at most `LONGEST_WAIT_S`; ``None`` where it says nothing sensible.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        wait_s = float(text)
    else:
        try:
            wait_s = parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
        wait_s -= time.time() if now_s is None else now_s
    return min(max(wait_s, 0.0), LONGEST_WAIT_S)

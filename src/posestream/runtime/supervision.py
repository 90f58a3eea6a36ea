"""Decide when a source is opened, given up for a while, opened again, or given up for good."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from posestream.errors import PosestreamError, SourceError, SourceRefusedError
from posestream.runtime.status import StreamState

_HEALTHY_AFTER_S = 5.0
_REFUSALS_COST = 20


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a source is tried again.

    The pause doubles from attempt to attempt, up to a limit, and varies at random by a quarter so
    that many streams of one server do not come back at the same moment. A source that was fine
    for five seconds begins anew. Where the other side says no (a wrong password), the limit is
    twenty times as long: that does not pass by itself, and cameras lock out who insists.
    """

    first_s: float = 0.25
    """Pause before the second attempt, seconds."""
    limit_s: float = 0.9
    """Longest pause, seconds; chance may add a quarter."""
    max_retries: int | None = None
    """Attempts in a row without a frame before the stream is given up; ``None`` for ever."""
    stall_s: float = 10.0
    """Silence that counts as a failure, seconds."""
    opening_s: float = 30.0
    """Time that opening may take, seconds."""

    def pause_s(self, attempt: int, *, refused: bool, chance: float) -> float:
        """Return the pause after a failure.

        Args:
            attempt: Failures in a row before this one.
            refused: Whether the other side said no.
            chance: A random number in [0, 1).
        """
        limit_s = self.limit_s * (_REFUSALS_COST if refused else 1)
        return min(limit_s, self.first_s * 2 ** min(attempt, 30)) * (0.75 + 0.5 * chance)


class SupervisedSession(Protocol):
    """What supervision looks at; see `posestream.runtime.session.Session`."""

    frames: int
    begun_s: float
    latest_s: float
    finished: bool
    error: Exception | None

    def abandon(self) -> None:
        """Let it end as soon as it can."""
        ...


class Supervision:
    """The state of one stream's connection; `tick` moves it on.

    Args:
        connect: Begins a session.
        policy: When to try again.
        retries: Whether an end or a failure is to be followed by another attempt.
        chance: Gives random numbers in [0, 1).
    """

    def __init__(
        self,
        connect: Callable[[], SupervisedSession],
        *,
        policy: RetryPolicy,
        retries: bool,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._connect = connect
        self._policy = policy
        self.retries = retries
        self._chance = chance
        self._retry_at_s = 0.0
        self._again = False
        self.session: SupervisedSession | None = None
        self.state = StreamState.WAITING
        self.error: Exception | None = None
        self.reconnects = 0
        self.failures = 0

    def start(self) -> None:
        """Open the source now."""
        self.failures, self.error, self._again = 0, None, False
        self.state = StreamState.CONNECTING
        self.session = self._connect()

    def stop(self) -> None:
        """Give the source up because somebody says so."""
        self._leave()
        self.state = StreamState.STOPPED

    def fail(self, error: Exception) -> None:
        """Give the source up for good."""
        self._leave()
        self.state, self.error = StreamState.FAILED, error

    def retry_in_s(self, now_s: float) -> float | None:
        """Return the seconds until the next attempt; None where none is planned."""
        waits = self.state is StreamState.RETRYING
        return max(0.0, self._retry_at_s - now_s) if waits else None

    def tick(self, now_s: float) -> bool:
        """Look at the session and act; return whether the state changed.

        Args:
            now_s: Monotonic seconds.
        """
        before = self.state
        if self.state is StreamState.RETRYING and now_s >= self._retry_at_s:
            self._again = True
            self.state = StreamState.CONNECTING
            self.session = self._connect()
        elif self.session is not None and not self.state.final:
            self._watch(self.session, now_s)
        return self.state is not before

    def _watch(self, session: SupervisedSession, now_s: float) -> None:
        if session.frames and self.state is StreamState.CONNECTING:
            self.state, self.error = StreamState.RUNNING, None
            self.reconnects += self._again
        if session.frames and now_s - session.begun_s > _HEALTHY_AFTER_S:
            self.failures = 0
        if session.finished:
            self._over(session, now_s)
        elif self.retries and (silence := self._silence(session, now_s)):
            self._lost(silence, now_s)

    def _silence(self, session: SupervisedSession, now_s: float) -> SourceError | None:
        limit_s = self._policy.stall_s if session.frames else self._policy.opening_s
        if now_s - session.latest_s <= limit_s:
            return None
        what = "no frame" if session.frames else "no first frame"
        return SourceError(f"{what} for {limit_s:g} s")

    def _over(self, session: SupervisedSession, now_s: float) -> None:
        error = session.error
        if error is None and not self.retries:
            self._leave()
            self.state = StreamState.ENDED
        elif error is not None and not (self.retries and _may_pass(error)):
            self.fail(error)
        else:
            self._lost(error or SourceError("the stream ended"), now_s)

    def _lost(self, error: Exception, now_s: float) -> None:
        self._leave()
        limit = self._policy.max_retries
        if limit is not None and self.failures >= limit:
            self.state, self.error = StreamState.FAILED, error
            return
        refused = isinstance(error, SourceRefusedError)
        pause_s = self._policy.pause_s(self.failures, refused=refused, chance=self._chance())
        self.failures += 1
        self._retry_at_s = now_s + pause_s
        self.state, self.error = StreamState.RETRYING, error

    def _leave(self) -> None:
        if self.session is not None:
            self.session.abandon()
            self.session = None


def _may_pass(error: Exception) -> bool:
    """Tell whether a failure is one of the outside world, which may be over at the next attempt."""
    return isinstance(error, SourceError) and isinstance(error, PosestreamError)

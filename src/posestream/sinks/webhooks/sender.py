"""Send events to one address from a thread of their own."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass

from posestream import __version__
from posestream.events import Event
from posestream.sinks.events import event_json
from posestream.sinks.webhooks.address import WebhookAddress
from posestream.sinks.webhooks.delivery import Attempt, post
from posestream.sinks.webhooks.retrying import Backoff
from posestream.sinks.webhooks.signature import signed_headers
from posestream.sinks.webhooks.unsent import UnsentEvents

_log = logging.getLogger("posestream.webhooks")

_HURRIED_WAIT_S = 0.5
_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class WebhookStatus:
    """How sending to an address goes."""

    address: str
    """Scheme, host and port."""
    delivered: int
    """Events that the server took."""
    queued: int
    """Events that wait, or are under way."""
    failures: int
    """Attempts that failed."""
    unsent: int
    """Events that were given up, those below included."""
    dropped: int
    """Events that were given up because the queue was full."""


@dataclass(slots=True, eq=False)
class _Outgoing:
    body: bytes
    until_s: float
    attempts: int = 0


class WebhookSender:
    """Sends events as signed POST requests, the oldest first; what it cannot send is kept.

    An event may arrive more than once, where the server took it and its answer was lost: the id in
    the headers is then the same.

    Args:
        address: Where events go.
        unsent: Keeps what could not be sent.
        key: Signs; by default nothing is signed.
        tls: How servers are trusted; by default as the system does.
        timeout_s: For one attempt, seconds.
        give_up_s: No attempt is repeated when an event is older than this, seconds.
        drain_s: How long `close` waits for what is queued, seconds.
        capacity: Events that wait at most; more, and the oldest is given up.
        backoff: How long to wait after failures.
    """

    def __init__(
        self,
        address: WebhookAddress,
        unsent: UnsentEvents,
        *,
        key: bytes | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
        give_up_s: float = 600.0,
        drain_s: float = 5.0,
        capacity: int = 1000,
        backoff: Backoff | None = None,
    ) -> None:
        self._address = address
        self._unsent_events = unsent
        self._key = key
        self._tls = tls
        self._timeout_s = timeout_s
        self._give_up_s = give_up_s
        self._drain_s = drain_s
        self._capacity = capacity
        self._backoff = backoff or Backoff()
        self._changed = threading.Condition()
        self._waiting: deque[_Outgoing] = deque()
        self._current: _Outgoing | None = None
        self._not_before_s = 0.0
        self._end_s: float | None = None
        self._delivered = self._failures = self._unsent = self._dropped = 0
        self._in_trouble = self._closed = False
        self._thread = threading.Thread(
            target=self._run, name=f"webhook-{address.host}", daemon=True
        )
        self._thread.start()

    @property
    def status(self) -> WebhookStatus:
        """How it goes."""
        with self._changed:
            return WebhookStatus(
                address=self._address.shown,
                delivered=self._delivered,
                queued=len(self._waiting) + (self._current is not None),
                failures=self._failures,
                unsent=self._unsent,
                dropped=self._dropped,
            )

    def offer(self, event: Event) -> None:
        """Queue an event and return at once; after `finish` it is kept as unsent."""
        outgoing = _Outgoing(event_json(event), time.monotonic() + self._give_up_s)
        with self._changed:
            if self._end_s is not None:
                self._give_up(outgoing, "the run was over")
                return
            self._waiting.append(outgoing)
            if len(self._waiting) > self._capacity:
                self._dropped += 1
                self._give_up(self._waiting.popleft(), "too many were waiting")
            self._changed.notify()

    def finish(self) -> None:
        """Take no more events, and send what is queued for a bounded time; returns at once."""
        with self._changed:
            if self._end_s is None:
                now_s = time.monotonic()
                self._end_s = now_s + self._drain_s
                self._not_before_s = min(self._not_before_s, now_s)
            self._changed.notify()

    def close(self) -> None:
        """Finish, wait until that is done, and keep the rest; may be called twice."""
        self.finish()
        # The thread may hang where nothing can interrupt it, as in the look-up of a name.
        self._thread.join(max(0.0, (self._end_s or 0.0) - time.monotonic()) + _GRACE_S)
        with self._changed:
            rest = [] if self._current is None else [self._current]
            rest += self._waiting
            self._current = None
            self._waiting.clear()
            for outgoing in rest:
                self._give_up(outgoing, "the run was over")
            if self._unsent and not self._closed:
                _log.warning(
                    "webhook %s: %d events were not delivered; %s keeps them",
                    *(self._address.shown, self._unsent, self._unsent_events.path),
                )
            self._closed = True

    def _run(self) -> None:
        while (outgoing := self._next()) is not None:
            outgoing.attempts += 1
            attempt = post(
                self._address,
                outgoing.body,
                self._headers(outgoing.body),
                timeout_s=self._attempt_s(),
                tls=self._tls,
            )
            with self._changed:
                if self._current is outgoing:
                    self._current = None
                    self._settle(outgoing, attempt)

    def _next(self) -> _Outgoing | None:
        """Wait for something to send, and for its time; None when it is time to end."""
        with self._changed:
            while True:
                now_s = time.monotonic()
                ends = self._end_s is not None
                if ends and (not self._waiting or now_s >= (self._end_s or 0)):
                    return None
                wait_s = self._not_before_s - now_s
                if self._waiting and wait_s <= 0:
                    self._current = self._waiting.popleft()
                    return self._current
                self._changed.wait(wait_s if self._waiting else None)

    def _attempt_s(self) -> float:
        end_s = self._end_s
        if end_s is None:
            return self._timeout_s
        return max(0.1, min(self._timeout_s, end_s - time.monotonic()))

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"posestream/{__version__}",
            "Connection": "close",
        }
        if self._address.authorization is not None:
            headers["Authorization"] = self._address.authorization
        return headers | signed_headers(body, key=self._key, now_s=time.time())

    def _settle(self, outgoing: _Outgoing, attempt: Attempt) -> None:
        """Take note of how an attempt went; the lock is held."""
        if attempt.delivered:
            self._delivered += 1
            self._backoff.succeeded()
            if self._in_trouble:
                self._in_trouble = False
                _log.warning("webhook %s: takes events again", self._address.shown)
            return
        self._failures += 1
        self._tell(attempt)
        if not attempt.retry:
            self._give_up(outgoing, attempt.reason)
            return
        now_s = time.monotonic()
        wait_s = max(self._backoff.failed(), attempt.wait_s or 0.0)
        if self._end_s is not None:
            wait_s = min(wait_s, _HURRIED_WAIT_S)
        self._not_before_s = now_s + wait_s
        if self._not_before_s > outgoing.until_s:
            self._give_up(outgoing, attempt.reason)
        else:
            self._waiting.appendleft(outgoing)

    def _tell(self, attempt: Attempt) -> None:
        """Log the first failure of a row."""
        if not self._in_trouble:
            self._in_trouble = True
            then = "trying again" if attempt.retry else "an event was given up"
            _log.warning("webhook %s: %s; %s", self._address.shown, attempt.reason, then)

    def _give_up(self, outgoing: _Outgoing, reason: str) -> None:
        """Keep an event as unsent; the lock is held."""
        self._unsent += 1
        self._unsent_events.add(
            outgoing.body,
            webhook=self._address.shown,
            reason=reason,
            attempts=outgoing.attempts,
        )

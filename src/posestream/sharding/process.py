"""A process of a run, as the one that started it sees it."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from posestream.credentials import redacted
from posestream.errors import ConfigError, PosestreamError
from posestream.pipeline import RunSummary
from posestream.runtime.metrics import StageTime
from posestream.runtime.status import StreamState, StreamStatus
from posestream.serving.machine import ProcessUse
from posestream.sharding.channel import Channel
from posestream.sharding.messages import (
    Begin,
    Done,
    Failed,
    Free,
    FromChild,
    Happened,
    Logged,
    Ready,
    Report,
    SheetMade,
    SheetsOver,
    Stop,
    ToChild,
)
from posestream.sharding.shares import Share

_log = logging.getLogger("posestream")

_CODE = (
    "import sys; sys.path[:] = {path!r}; from posestream.sharding.child import program; program()"
)
"""What a process runs; with our own path, as it must find what we found."""
_LEAVE_S = 10.0
_SHOWN_STREAMS = 3

Told = Logged | Happened | SheetMade | SheetsOver
"""What a process has to say to others than `ShardProcess`."""


class ShardProcess:
    """A process that runs a share of the streams, once it is started.

    Where it ends before it has said that it is done, its streams have failed.

    Args:
        share: What it does.
        tell: Takes what is for others, and from whom, on a thread of its own; `SheetsOver` comes
            in any case.
    """

    def __init__(self, share: Share, *, tell: Callable[[ShardProcess, Told], None]) -> None:
        self.share = share
        self.statuses: Mapping[str, StreamStatus] = {
            s.name: StreamStatus(s.name, redacted(s.address), StreamState.WAITING)
            for s in share.streams
        }
        self.stages: Mapping[str, StageTime] = {}
        self.use = ProcessUse(0.0)
        self.estimator: str | None = None
        self.summary: RunSummary | None = None
        self.failure: PosestreamError | None = None
        self.settled, self.over = threading.Event(), threading.Event()
        self._tell = tell
        self.lost = False
        self._given_up: str | None = None
        self._abandoned = False

    def start(self) -> None:
        """Start it and tell it what to do.

        Raises:
            ConfigError: If the system has no room for another process.
        """
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _CODE.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is for us, who then end it in order
            )
        except OSError as error:
            raise ConfigError(
                f"processes: {self.share.processes} is not allowed here, as {self.share.name} "
                f"cannot be started: {error}"
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._channel = Channel(self._process.stdout, self._process.stdin)  # type: ignore[arg-type]
        self._reader = threading.Thread(target=self._read, name=self.share.name, daemon=True)
        self._reader.start()
        self._channel.send(self.share)

    @property
    def pid(self) -> int:
        """The system's number of it."""
        return self._process.pid

    def begin(self) -> None:
        """Let it open its streams."""
        self._send(Begin())

    def stop(self) -> None:
        """Let it read no more and finish its files; returns at once."""
        self._send(Stop())

    def free(self, slot: int) -> None:
        """Tell it that a picture of its tiles has been used."""
        self._send(Free(slot))

    def kill(self, why: str) -> None:
        """End it at once."""
        self._given_up = why
        self._process.kill()

    def abandon(self) -> None:
        """End it at once, which is no failure: it has not begun."""
        self._abandoned = True
        self._process.kill()

    def close(self) -> None:
        """Wait until it is gone, at most a while; may be called twice."""
        self._channel.hang_up()
        try:
            self._process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            self.kill("it did not end")
        self._reader.join(_LEAVE_S)
        if not self._reader.is_alive():
            self._channel.close()

    def _send(self, message: ToChild) -> None:
        self._channel.send(message)  # one that is gone is noticed by who reads

    def _read(self) -> None:
        while (message := self._channel.receive()) is not None:
            self._take(message)
            if isinstance(message, Done | Failed):
                break
        if self._abandoned:
            self.statuses = {
                name: replace(status, state=StreamState.STOPPED)
                for name, status in self.statuses.items()
            }
        elif self.summary is None and self.failure is None:
            self._note_loss()
        self._tell(self, SheetsOver())
        self.over.set()
        self.settled.set()

    def _take(self, message: FromChild) -> None:
        if isinstance(message, Report):
            self.statuses = {status.name: status for status in message.statuses}
            self.stages, self.use = message.stages, message.use
        elif isinstance(message, Ready):
            self.estimator = message.estimator
            self.settled.set()
        elif isinstance(message, Done):
            self.summary, self.stages = message.summary, message.summary.stages
            self.statuses = {status.name: status for status in message.summary.streams}
        elif isinstance(message, Failed):
            self.failure = message.error
            self._fail_streams(str(message.error))
        else:
            self._tell(self, message)

    def _note_loss(self) -> None:
        """Fail the streams of a process that is gone."""
        self.lost = True
        reason = f"{self.share.name} {self._given_up or self._death()}"
        names = [s.name for s in self.share.streams]
        more = len(names) - _SHOWN_STREAMS
        shown = ", ".join(names[:_SHOWN_STREAMS]) + (f" and {more} more" if more > 0 else "")
        _log.error("%s: given up: %s", reason, shown)
        self._fail_streams(reason)

    def _death(self) -> str:
        """Say how the process ended."""
        try:
            code = self._process.wait(_LEAVE_S)
        except subprocess.TimeoutExpired:
            return "does not answer"
        if code >= 0:
            return f"ended with exit code {code}"
        return f"was killed by {signal.Signals(-code).name}"

    def _fail_streams(self, reason: str) -> None:
        self.statuses = {
            name: status if status.state.final else _failed(status, reason)
            for name, status in self.statuses.items()
        }


def _failed(status: StreamStatus, error: str) -> StreamStatus:
    return replace(
        status,
        state=StreamState.FAILED,
        error=error,
        fps=0.0,
        people=0,
        queue_depth=0,
        retry_in_s=None,
    )

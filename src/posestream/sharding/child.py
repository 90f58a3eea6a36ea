"""What runs in each process of a run.

Not `multiprocessing`: that runs the user's own script anew in each process, and fails where the
script does not expect it. What the process has to do comes through its standard input, as it holds
credentials, and arguments of processes are for others to read.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from posestream.credentials import redacted
from posestream.errors import PosestreamError
from posestream.events import Event
from posestream.pipeline import run_here
from posestream.runtime.leaving import leave
from posestream.runtime.metrics import StageClock
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.serving.machine import process_use
from posestream.sharding.channel import Channel
from posestream.sharding.messages import (
    Begin,
    Done,
    Failed,
    Free,
    Happened,
    Logged,
    Ready,
    Report,
    Stop,
)
from posestream.sharding.part import MosaicPart, RunPart
from posestream.sharding.shares import Share
from posestream.sharding.sheets import SheetMemory, SheetSink

REPORT_EVERY_S = 0.2


class Child:
    """Runs a share of the streams and tells the parent all about it.

    Args:
        share: What it does.
        channel: Leads to the parent.
    """

    def __init__(self, share: Share, channel: Channel) -> None:
        self._share, self._channel = share, channel
        self._stop, self._clock = StopFlag(), StageClock()
        self._begun = threading.Event()
        self._reported_s = 0.0
        self._sheets: SheetSink | None = None
        if share.sheet is not None:
            self._sheets = SheetSink(SheetMemory(share.sheet.file, share.sheet.size), channel.send)

    def run(self) -> None:
        """Run until the streams end or the parent wants an end."""
        threading.Thread(target=self._listen, name="from-parent", daemon=True).start()
        signal.signal(signal.SIGTERM, self._on_sigterm)  # as for every process of a service
        share = self._share
        try:
            summary = run_here(
                share.config,
                share.streams,
                stop=self._stop,
                on_status=self._report,
                clock=self._clock,
                part=self._part(),
                ready=self._ready,
            )
        except PosestreamError as error:
            self._channel.send(Failed(error))
        else:
            self._channel.send(Done(summary))

    def _part(self) -> RunPart:
        send, mosaic = self._channel.send, None
        if self._share.sheet is not None and self._sheets is not None:
            form = self._share.sheet
            mosaic = MosaicPart(self._sheets, form.size, form.shape, form.live)
        webhooks = range(len(self._share.config.events.webhook))
        return RunPart(senders=[EventRelay(n, send) for n in webhooks], mosaic=mosaic)

    def _ready(self, estimator: str) -> None:
        self._channel.send(Ready(estimator))
        self._begun.wait()

    def _report(self, statuses: Sequence[StreamStatus]) -> None:
        now_s = time.monotonic()
        if now_s - self._reported_s >= REPORT_EVERY_S:
            self._reported_s = now_s
            self._channel.send(Report(tuple(statuses), self._clock.report(), process_use()))

    def _listen(self) -> None:
        while (message := self._channel.receive()) is not None:
            if isinstance(message, Free) and self._sheets is not None:
                self._sheets.free(message.slot)
            elif isinstance(message, Stop):
                self._end()
            elif isinstance(message, Begin):
                self._begun.set()
        if self._stop.requested:  # the parent left at once, as on a second Ctrl-C
            os._exit(1)
        if self._sheets is not None:
            self._sheets.let_go()
        self._end()

    def _end(self) -> None:
        self._stop.request()
        self._begun.set()

    def _on_sigterm(self, number: int, _: FrameType | None) -> None:
        self._stop.request()


class EventRelay:
    """Sends events to the process that sends them on.

    Args:
        webhook: Which of the webhooks they are for, from 0.
        send: Tells the other process.
    """

    def __init__(self, webhook: int, send: Callable[[object], object]) -> None:
        self._webhook, self._send = webhook, send

    def offer(self, event: Event) -> None:
        """Send an event."""
        self._send(Happened(self._webhook, event))


class LogRelay(logging.Handler):
    """Sends lines of the log to the process that shows them.

    Args:
        send: Tells the other process.
    """

    def __init__(self, send: Callable[[object], object]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send a line."""
        self._send(Logged(record.name, record.levelno, redacted(record.getMessage())))


def program() -> NoReturn:
    """Be a process that does what standard input says."""
    main()
    leave()


def main() -> None:
    """Do what standard input says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the parent
    channel = _channel()
    share = channel.receive()
    if not isinstance(share, Share):
        return
    _show_name(share)
    logger = logging.getLogger("posestream")
    logger.addHandler(LogRelay(channel.send))
    logger.setLevel(share.log_level)
    Child(share, channel).run()


def _channel() -> Channel:
    """Keep standard input and output, which are pipes to the parent, from everybody else."""
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    return Channel(reader, writer)


def _show_name(share: Share) -> None:
    import setproctitle

    setproctitle.setproctitle(f"posestream: {share.name}")

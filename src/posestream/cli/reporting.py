"""Tell the user what happens: progress, warnings, summary, errors."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as ProgressBar
from rich.table import Table

from posestream.credentials import redacted
from posestream.pipeline import RunSummary
from posestream.runtime.status import StreamState, StreamStatus

_LOG_EVERY_S = 5.0
_MOST_BARS = 24
_STARTING = "starting (the first run on a machine compiles for a while)"


class Reporter(Protocol):
    """Shows one run to somebody."""

    def progress(self, streams: Sequence[StreamStatus]) -> None:
        """Show how far the run is; called several times a second."""
        ...

    def summary(self, summary: RunSummary) -> None:
        """Show what the run did."""
        ...


@contextmanager
def reporter(*, quiet: bool, log_json: bool) -> Iterator[Reporter]:
    """Choose who reports, and send the package's warnings the same way."""
    if log_json:
        with _logging(_JsonHandler(), logging.INFO):
            yield _JsonReporter()
    elif quiet:
        with _logging(logging.StreamHandler(), logging.ERROR):
            yield _QuietReporter()
    else:
        console = Console(stderr=True)
        with _bar(console) as bar, _logging(_ConsoleHandler(console), logging.WARNING):
            yield _ConsoleReporter(console, bar)


def _bar(console: Console) -> ProgressBar:
    return ProgressBar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class _ConsoleReporter:
    """A bar for every stream on a terminal, a line every few seconds elsewhere, and a table."""

    def __init__(self, console: Console, bar: ProgressBar) -> None:
        self._console, self._bar = console, bar
        self._starting = bar.add_task(_STARTING, total=None, note="")
        self._tasks: dict[str, TaskID] = {}
        self._told = time.monotonic()

    def progress(self, streams: Sequence[StreamStatus]) -> None:
        for stream in streams[:_MOST_BARS]:
            self._show(stream)
        if any(stream.frames for stream in streams):
            self._bar.update(self._starting, visible=False)
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= _LOG_EVERY_S:
            self._told = now
            for line in map(_line, streams):
                self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _show(self, stream: StreamStatus) -> None:
        if not stream.frames and stream.error is None:
            return
        if stream.name not in self._tasks:
            self._tasks[stream.name] = self._bar.add_task(
                escape(stream.name), total=stream.expected, note=""
            )
        task = self._tasks[stream.name]
        self._bar.update(task, completed=stream.frames, note=escape(_note(stream)))

    def summary(self, summary: RunSummary) -> None:
        self._bar.stop()
        if len(summary.streams) > 1:
            self._console.print(_streams_table(summary.streams), highlight=False)
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for name, value in _summary_rows(summary):
            table.add_row(f"[bold]{name}[/]", escape(value))
        self._console.print(table, highlight=False, soft_wrap=True)


def _note(stream: StreamStatus) -> str:
    """Say how a stream is doing, in a few words."""
    if stream.state is StreamState.RUNNING:
        lost = f", {stream.dropped} dropped" if stream.dropped else ""
        return f"{stream.fps:.1f} fps, {stream.people} people{lost}"
    pause = "" if stream.retry_in_s is None else f" in {stream.retry_in_s:.0f} s"
    return f"{stream.state.value}{pause}" + (f": {stream.error}" if stream.error else "")


def _line(stream: StreamStatus) -> str:
    of = f" of {stream.expected}" if stream.expected else ""
    return f"{stream.name}: {stream.frames}{of} frames, {_note(stream)}"


def _streams_table(streams: Sequence[StreamStatus]) -> Table:
    table = Table("stream", "frames", "fps", "dropped", "damaged", "reopened", "ended", box=None)
    for stream in streams:
        ended = stream.state.value + (f": {stream.error}" if stream.error else "")
        counts = (stream.frames, stream.dropped, stream.corrupt, stream.reconnects)
        frames, dropped, corrupt, reconnects = map(str, counts)
        row = (frames, f"{stream.fps:.1f}", dropped, corrupt, reconnects)
        table.add_row(escape(stream.name), *row, escape(ended))
    return table


def _summary_rows(summary: RunSummary) -> list[tuple[str, str]]:
    frames = f"{summary.frames} in {summary.elapsed_s:.1f} s, {summary.fps:.1f} fps"
    people = f"{summary.people} poses in {summary.inferred} frames looked at"
    stages = ", ".join(f"{name} {time.mean_ms:.1f}" for name, time in summary.stages.items())
    rows = [
        _who(summary),
        ("frames", frames),
        ("people", people),
        ("stages", f"{stages} ms per call, side by side"),
        ("ran on", summary.estimator),
    ]
    if summary.corrupt:
        rows.insert(2, ("skipped", f"{summary.corrupt} damaged packets or frames"))
    if summary.dropped:
        rows.insert(2, ("dropped", f"{summary.dropped} frames that came too fast"))
    return rows + [("wrote", str(path)) for path in summary.outputs]


def _who(summary: RunSummary) -> tuple[str, str]:
    early = " (stopped early)" if summary.stopped else ""
    if len(summary.streams) == 1:
        return "stream", summary.streams[0].name + early
    failed = f", {len(summary.failed)} failed" if summary.failed else ""
    return "streams", f"{len(summary.streams)}{failed}{early}"


class _JsonReporter:
    """JSON lines on standard error, for other programs."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def progress(self, streams: Sequence[StreamStatus]) -> None:
        now = time.monotonic()
        if now - self._told >= _LOG_EVERY_S:
            self._told = now
            for stream in streams:
                _print_json({"event": "progress", "stream": stream.name, **stream.to_dict()})

    def summary(self, summary: RunSummary) -> None:
        values: dict[str, object] = {
            "streams": [stream.to_dict() for stream in summary.streams],
            "frames": summary.frames,
            "inferred": summary.inferred,
            "people": summary.people,
            "dropped": summary.dropped,
            "corrupt": summary.corrupt,
            "elapsed_s": round(summary.elapsed_s, 3),
            "fps": round(summary.fps, 2),
            "stages": {name: round(time.mean_ms, 3) for name, time in summary.stages.items()},
            "estimator": summary.estimator,
            "outputs": [str(path) for path in summary.outputs],
            "stopped": summary.stopped,
        }
        _print_json({"event": "summary", **values})


class _QuietReporter:
    """Says nothing."""

    def progress(self, streams: Sequence[StreamStatus]) -> None:
        pass

    def summary(self, summary: RunSummary) -> None:
        pass


class _JsonHandler(logging.Handler):
    """A log record as a JSON line."""

    def emit(self, record: logging.LogRecord) -> None:
        level, message = record.levelname.lower(), redacted(record.getMessage())
        _print_json({"event": "log", "level": level, "message": message})


class _ConsoleHandler(logging.Handler):
    """A log record above the progress bar."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        colour = "red" if record.levelno >= logging.ERROR else "yellow"
        text = f"[{colour}]{record.levelname.lower()}:[/] {escape(redacted(record.getMessage()))}"
        self._console.print(text, highlight=False, soft_wrap=True)


@contextmanager
def _logging(handler: logging.Handler, level: int) -> Iterator[None]:
    logger = logging.getLogger("posestream")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def _print_json(values: dict[str, object]) -> None:
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    print(json.dumps({"time": now, **values}), file=sys.stderr, flush=True)

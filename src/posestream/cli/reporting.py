"""Tell the user what happens: progress, warnings, summary, errors."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
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

from posestream.pipeline import Progress, RunSummary

_LOG_EVERY_S = 5.0
_STARTING = "starting (the first run on a machine compiles for a while)"


class Reporter(Protocol):
    """Shows one run to somebody."""

    def progress(self, progress: Progress) -> None:
        """Show how far the run is."""
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
        TextColumn("{task.fields[fps]:.1f} fps  {task.fields[people]} people"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


class _ConsoleReporter:
    """A progress bar on a terminal, a line every few seconds elsewhere, and a table at the end."""

    def __init__(self, console: Console, bar: ProgressBar) -> None:
        self._console, self._bar = console, bar
        self._task: TaskID = bar.add_task(_STARTING, total=None, fps=0.0, people=0)
        self._begun: float | None = None
        self._told = time.monotonic()

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now
            name, total = escape(progress.stream), progress.expected
            self._bar.update(self._task, description=name, total=total)
        fps = (progress.frames - 1) / max(now - self._begun, 1e-9)
        self._bar.update(self._task, completed=progress.frames, fps=fps, people=progress.people)
        if not self._console.is_terminal and now - self._told >= _LOG_EVERY_S:
            self._told = now
            of = f" of {progress.expected}" if progress.expected else ""
            self._console.print(
                f"{progress.stream}: {progress.frames}{of} frames, {fps:.1f} fps, "
                f"{progress.people} people",
                markup=False,
                highlight=False,
            )

    def summary(self, summary: RunSummary) -> None:
        self._bar.stop()
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for name, value in _summary_rows(summary):
            table.add_row(f"[bold]{name}[/]", escape(value))
        self._console.print(table, highlight=False, soft_wrap=True)


def _summary_rows(summary: RunSummary) -> list[tuple[str, str]]:
    frames = f"{summary.frames} in {summary.elapsed_s:.1f} s, {summary.fps:.1f} fps"
    people = f"{summary.people} poses in {summary.inferred} frames looked at"
    stages = ", ".join(f"{name} {time.mean_ms:.1f}" for name, time in summary.stages.items())
    rows = [
        ("stream", summary.stream + (" (stopped early)" if summary.stopped else "")),
        ("frames", frames),
        ("people", people),
        ("stages", f"{stages} ms per call, side by side"),
        ("ran on", summary.estimator),
    ]
    if summary.corrupt:
        rows.insert(2, ("skipped", f"{summary.corrupt} damaged packets or frames"))
    return rows + [("wrote", str(path)) for path in summary.outputs]


class _JsonReporter:
    """JSON lines on standard error, for other programs."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def progress(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._told >= _LOG_EVERY_S:
            self._told = now
            _print_json({"event": "progress", **asdict(progress)})

    def summary(self, summary: RunSummary) -> None:
        stages = {name: round(time.mean_ms, 3) for name, time in summary.stages.items()}
        values = asdict(summary) | {
            "stages": stages,
            "fps": round(summary.fps, 2),
            "outputs": [str(path) for path in summary.outputs],
        }
        _print_json({"event": "summary", **values})


class _QuietReporter:
    """Says nothing."""

    def progress(self, progress: Progress) -> None:
        pass

    def summary(self, summary: RunSummary) -> None:
        pass


class _JsonHandler(logging.Handler):
    """A log record as a JSON line."""

    def emit(self, record: logging.LogRecord) -> None:
        level, message = record.levelname.lower(), record.getMessage()
        _print_json({"event": "log", "level": level, "message": message})


class _ConsoleHandler(logging.Handler):
    """A log record above the progress bar."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        colour = "red" if record.levelno >= logging.ERROR else "yellow"
        text = f"[{colour}]{record.levelname.lower()}:[/] {escape(record.getMessage())}"
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
    print(json.dumps(values), file=sys.stderr, flush=True)

"""Show a machine's channel density, while it is found and afterwards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from posestream.cli.status_line import StatusLine, refuse_existing
from posestream.density.chart import draw_density, require_charts
from posestream.density.figures import density_figures
from posestream.density.finding import Density, Series
from posestream.density.limits import Limits
from posestream.density.trials import Trial, shortfalls
from posestream.errors import SinkError

FIGURES_NAME, CHART_NAME = "density.json", "density.png"
_TABLE_WIDTH = 120


class Board:
    """Says on standard error what is measured right now, and what came of it.

    Args:
        line: Where.
    """

    def __init__(self, line: StatusLine) -> None:
        self._line = line

    def begins(self, what: str) -> None:
        """Show what takes a while."""
        self._line.update(what)

    def limited(self, limits: Limits) -> None:
        """Show what the parts can do alone."""
        self._line.say(
            f"alone: {limits.decode_fps:.0f} frames/s decoded, people found in "
            f"{limits.infer_fps:.0f} frames/s, {1e3 * limits.infer_s:.0f} ms a call"
        )

    def measured(self, trial: Trial, reasons: Sequence[str]) -> None:
        """Show a trial."""
        verdict = f"too many: {', '.join(reasons)}" if reasons else "sustained"
        at = f" at interval {trial.interval}" if trial.interval > 1 else ""
        self._line.say(f"{counted(trial.streams)}{at}: {trial.fps_mean:.1f} fps each, {verdict}")


def refuse_results(folder: Path | None, *, chart: bool, overwrite: bool) -> None:
    """Refuse what could not be written in the end, before minutes are spent measuring.

    Raises:
        OutputExistsError: If a file exists and may not be replaced.
        MissingDependencyError: If a chart is wanted and cannot be drawn.
    """
    if folder is None:
        return
    if chart:
        require_charts()
    paths = (folder / FIGURES_NAME, *([folder / CHART_NAME] if chart else []))
    refuse_existing(paths, overwrite=overwrite)


def write_results(density: Density, folder: Path, *, chart: bool) -> None:
    """Write the figures, and the chart if anything was measured.

    Raises:
        SinkError: If a file cannot be written.
    """
    path = folder / FIGURES_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(density_figures(density), indent=2)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error
    if chart and any(series.trials for series in density.series):
        draw_density(density, folder / CHART_NAME)


def print_density(density: Density) -> None:
    """Print the table of trials, and the answer, on standard output."""
    console = Console(width=_TABLE_WIDTH)
    names = ("interval", "streams", "fps min", "mean", "dropped", "p50 ms", "p99 ms", "CPU", "MB")
    table = Table(*names, "", box=None)
    for series in density.series:
        for trial in sorted(series.trials, key=lambda trial: trial.streams):
            table.add_row(*_row(trial, density.limits))
    console.print(table, highlight=False)
    for series in density.series:
        typer.echo(_answer(series, density))


def _row(trial: Trial, limits: Limits) -> tuple[str, ...]:
    reasons = shortfalls(trial, inference_s=limits.infer_s)
    resident = trial.resident_bytes
    return (
        str(trial.interval),
        str(trial.streams),
        f"{trial.fps_min:.1f}",
        f"{trial.fps_mean:.1f}",
        f"{100 * trial.dropped_share:.1f} %",
        f"{1e3 * trial.latency_p50_s:.0f}",
        f"{1e3 * trial.latency_p99_s:.0f}",
        f"{100 * trial.cpu_share:.0f} %",
        "" if resident is None else f"{resident / 1e6:.0f}",
        "too many" if reasons else "sustained",
    )


def _answer(series: Series, density: Density) -> str:
    """Say how many streams were sustained, and how many each part would allow alone."""
    rate, interval = density.clip.rate, series.interval
    decoded, inferred = density.limits.streams(rate, interval=interval)
    width, height = density.clip.size
    many = f"{'' if series.complete else 'at least '}{counted(series.most)}"
    looked = "every frame" if interval == 1 else f"1 of {interval} frames"
    return (
        f"{many} of {width}x{height} at {rate:g} fps, people in {looked} "
        f"(decoding alone {decoded:.1f}, the network alone {inferred:.1f})"
    )


def counted(streams: int) -> str:
    """Return ``1 stream`` and its like."""
    return f"{streams} stream{'' if streams == 1 else 's'}"

"""Show a GPU's figures, while they are taken and afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from posestream.cli.status_line import StatusLine, refuse_existing
from posestream.density.chart import require_charts
from posestream.gpu_bench.chart import draw_figures
from posestream.gpu_bench.rows import Row, rows_of

FIGURES_NAME, CHART_NAME = "gpu.json", "gpu.png"
_TABLE_WIDTH = 150
_COLUMNS = (
    *("network", "video", "decoder", "decode fps", "find fps", "all fps"),
    *("of decoder", "of decode", "of find"),
    *("one fps", "p50 ms", "p99 ms", "live", "GPU MB", "host MB"),
)


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

    def measured(self, what: str, figures: Any) -> None:
        """Show a figure's most telling numbers."""
        told = ("fps", "streams", "p50_ms", "p99_ms", "gpu_mb_per_stream", "growth")
        parts = [f"{name} {figures[name]}" for name in told if name in figures]
        self._line.say(f"{what}: {', '.join(parts) or figures}")

    def failed(self, what: str, problem: str) -> None:
        """Show why there is no figure."""
        self._line.say(f"{what}: not measured: {problem}")


def refuse_results(folder: Path | None, *, chart: bool, overwrite: bool) -> Path | None:
    """Refuse what could not be written in the end; return where the figures go.

    Raises:
        OutputExistsError: If a file exists and may not be replaced.
        MissingDependencyError: If a chart is wanted and cannot be drawn.
    """
    if folder is None:
        return None
    if chart:
        require_charts()
    paths = (folder / FIGURES_NAME, *([folder / CHART_NAME] if chart else []))
    refuse_existing(paths, overwrite=overwrite)
    return folder / FIGURES_NAME


def write_chart(figures: Mapping[str, Any], folder: Path) -> None:
    """Draw the charts beside the figures.

    Raises:
        SinkError: If the file cannot be written.
    """
    draw_figures(figures, folder / CHART_NAME)


def print_figures(figures: Mapping[str, Any]) -> None:
    """Print the table, and what is not in it, on standard output."""
    console, rows = Console(width=_TABLE_WIDTH), rows_of(figures)
    table = Table(*_COLUMNS, box=None)
    for row in rows:
        table.add_row(*_cells(row, figures))
    if rows:
        console.print(table, highlight=False)
        typer.echo("Weights are made up, except the embedded network's: only speed means anything.")
    for row in rows:
        for problem in row.problems:
            typer.echo(f"{row.network} {row.video}: {problem}")
    for step in ("agreement", "soak"):
        for name, found in figures.get(step, {}).items():
            _print_more(f"{step} {name}", found)


def _print_more(title: str, found: Mapping[str, Any]) -> None:
    """Print one line for each group of figures, without their lists."""
    plain = {key: value for key, value in found.items() if not isinstance(value, list | dict)}
    if plain:
        typer.echo(f"{title}: {', '.join(f'{key} {value}' for key, value in plain.items())}")
    for name, value in found.items():
        if isinstance(value, dict):
            _print_more(f"{title} {name}", value)


def _cells(row: Row, figures: Mapping[str, Any]) -> tuple[str, ...]:
    star = "" if figures["networks"][row.network].get("weights") == "embedded" else " *"
    return (
        row.network + star,
        row.video,
        *(_number(one, 0) for one in (row.decoder, row.decode_only, row.infer_only)),
        _number(row.throughput, 0),
        *(_number(one, 2) for one in (row.of_decoder, row.of_decode_only, row.of_infer_only)),
        _number(row.single, 0),
        *(_number(one, 1) for one in (row.p50_ms, row.p99_ms)),
        _number(row.density, 0),
        *(_number(one, 1) for one in (row.gpu_mb, row.host_mb)),
    )


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"

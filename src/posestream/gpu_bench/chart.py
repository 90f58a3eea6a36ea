"""Draw streams against what decoding alone allows, and a single stream's speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posestream.density.chart import require_charts
from posestream.errors import SinkError
from posestream.gpu_bench.rows import Row, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (10.0, 8.0)
_DPI = 120
_RATE = 30.0


def draw_figures(figures: Mapping[str, Any], path: Path) -> None:
    """Write the charts as one picture; nothing where there is nothing to draw.

    Args:
        figures: What a `posestream.gpu_bench.book.Book` holds.
        path: File to make, such as ``gpu.png``.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
        SinkError: If the file cannot be written.
    """
    rows = rows_of(figures)
    if not rows:
        return
    require_charts()
    from matplotlib.figure import Figure

    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    many, single = figure.subplots(2)
    _bars(
        many,
        rows,
        {
            "decoder alone": [row.decoder for row in rows],
            "streams, only decoded": [row.decode_only for row in rows],
            "everything on": [row.throughput for row in rows],
            "live at 30 fps": [_times(row.density, _RATE) for row in rows],
        },
    )
    many.set_ylabel("frames per second, all streams")
    streams = many.secondary_yaxis("right", functions=(lambda y: y / _RATE, lambda y: y * _RATE))
    streams.set_ylabel("streams of 30 fps")
    _bars(single, rows, {"one stream": [row.single for row in rows]})
    single.set_ylabel("frames per second, one stream")
    machine = figures.get("machine", {})
    figure.suptitle(
        f"{machine.get('gpu', machine.get('processor', ''))}\n"
        "weights made up, except the embedded network's; decoded, found, followed, drawn",
        fontsize=9,
    )
    try:
        figure.savefig(path)
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error


def _bars(axes: Axes, rows: Sequence[Row], groups: Mapping[str, Sequence[float | None]]) -> None:
    """Draw a group of bars for each row, its values above them."""
    width = 0.8 / len(groups)
    for place, (name, values) in enumerate(groups.items()):
        left = [row - 0.4 + (place + 0.5) * width for row in range(len(rows))]
        bars = axes.bar(left, [value or 0.0 for value in values], width, label=name)
        axes.bar_label(bars, [f"{value:.0f}" if value else "" for value in values], fontsize=7)
    axes.set_xticks(range(len(rows)), [f"{row.network}\n{row.video}" for row in rows], fontsize=8)
    axes.grid(axis="y", alpha=0.3)
    axes.margins(y=0.15)
    axes.legend(fontsize=8)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor

"""Draw channel density as the field does: streams across, frames per second per stream up."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from posestream.density.finding import Density, Series
from posestream.errors import MissingDependencyError, SinkError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (8.0, 6.0)
_DPI = 120
_TITLE_CHARACTERS = 110


def require_charts() -> None:
    """Make sure that charts can be drawn, before anything is measured for them.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependencyError(
            "the chart needs matplotlib: pip install 'posestream[bench]', or give --no-chart"
        )


def draw_density(density: Density, path: Path) -> None:
    """Write the chart as a picture; the suffix says of which kind.

    Args:
        density: What was measured.
        path: File to make, such as ``density.png``.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
        SinkError: If the file cannot be written.
    """
    require_charts()
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=_INCHES, dpi=_DPI, layout="constrained")
    rates, drops = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    for place, series in enumerate(density.series):
        _draw_series(series, rates, drops, colour=f"C{place}")
    rate = density.clip.rate
    rates.axhline(rate, color="grey", linestyle="--", linewidth=1)
    rates.annotate(
        f"{rate:g} fps",
        (1, rate),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        color="grey",
    )
    width, height = density.clip.size
    rates.set(ylim=(0, 1.15 * rate), ylabel="frames per second per stream")
    who = textwrap.shorten(density.estimator, _TITLE_CHARACTERS, placeholder=" ...")
    rates.set_title(f"{width} x {height}, {rate:g} fps, live\n{who}", fontsize=9)
    rates.legend(loc="lower left", title="streams sustained")
    drops.set(xlabel="streams", ylabel="dropped, %")
    drops.set_xlim(left=0)
    drops.set_ylim(0, max(1.0, drops.get_ylim()[1]))
    drops.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (rates, drops):
        axes.grid(alpha=0.3)
    try:
        figure.savefig(path)
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error


def _draw_series(series: Series, rates: Axes, drops: Axes, *, colour: str) -> None:
    """Draw one interval: means as a line, down to the slowest stream as a band."""
    trials = sorted(series.trials, key=lambda trial: trial.streams)
    counts = [trial.streams for trial in trials]
    means = [trial.fps_mean for trial in trials]
    label = f"{_frames(series.interval)}: {'' if series.complete else 'at least '}{series.most}"
    rates.plot(counts, means, marker="o", color=colour, label=label)
    rates.fill_between(
        counts, [trial.fps_min for trial in trials], means, color=colour, alpha=0.2, linewidth=0
    )
    if series.most:
        rates.axvline(series.most, color=colour, linestyle=":", linewidth=1)
    drops.plot(counts, [100 * t.dropped_share for t in trials], marker="o", color=colour)


def _frames(interval: int) -> str:
    return "people in every frame" if interval == 1 else f"in 1 of {interval} frames"

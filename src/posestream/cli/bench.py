"""``posestream bench``: what this machine can do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from posestream.cli import bench_gpu, options
from posestream.cli.options import STREAMS, option

app = typer.Typer(help="Measure what this machine can do.", no_args_is_help=True)


app.command("gpu")(bench_gpu.gpu)


@app.callback()
def bench() -> None:
    """Measure what this machine can do."""


@app.command("streams")
def streams(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for density.json and density.png.", metavar="DIR"
        ),
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option(
            "--clip", help="Video that every stream plays; by default one is made, 1080p30 H.264."
        ),
    ] = None,
    most: Annotated[int, typer.Option("--max", min=1, max=1024, help="Try so many at most.")] = 64,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.5, max=3600, help="Measure each count so long.")
    ] = 10.0,
    warm_up: Annotated[
        float, typer.Option("--warm-up", min=0, max=600, help="Let streams run so long before.")
    ] = 3.0,
    intervals: Annotated[
        str,
        typer.Option(
            "--intervals",
            help="Find people in every n-th frame only; several by commas give several series.",
            metavar="LIST",
        ),
    ] = "1",
    video: Annotated[
        bool, typer.Option("--video/--no-video", help="Also draw and write each stream's video.")
    ] = False,
    mosaic: Annotated[
        bool,
        typer.Option("--mosaic/--no-mosaic", help="With --video, also one video of all streams."),
    ] = False,
    chart: Annotated[
        bool, typer.Option("--chart/--no-chart", help="Draw density.png; needs matplotlib.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite/--no-overwrite", help="Replace an earlier run's files.")
    ] = False,
    batch: Annotated[int | None, option("batch", "--batch", panel=STREAMS)] = None,
    batch_wait_ms: Annotated[
        float | None, option("batch_wait_ms", "--batch-wait-ms", panel=STREAMS)
    ] = None,
    model: options.Model = None,
    card: options.Card = None,
    detector: options.Detector = None,
    detector_card: options.DetectorCard = None,
    profile: options.Profile = None,
    device: options.Device = None,
    backend: options.Backend = None,
    provider: options.Provider = None,
    require_provider: options.RequireProvider = None,
    workspace_mb: options.WorkspaceMb = None,
    precision: options.Precision = None,
    compile: options.Compile = None,  # noqa: A002  (as the setting is called)
    threads: options.Threads = None,
    long_side: options.LongSide = None,
    min_score: options.MinScore = None,
    input_size: options.InputSize = None,
    input_resize: options.InputResize = None,
    input_colour: options.InputColour = None,
    input_scale: options.InputScale = None,
    input_mean: options.InputMean = None,
    input_std: options.InputStd = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Find how many live streams this machine sustains, and what limits it.

    Plays a clip as ever more cameras at once, through the same pipeline as posestream run. A
    count is sustained if every stream keeps 99 % of its frame rate, drops less than 1 % of its
    frames, and 99 % of frames are done within two frame intervals and the network's own time.

    Example: posestream bench streams --profile fast --intervals 1,2,5,10 --output density
    """
    from posestream.config import KEYS

    own = ("output", "overwrite")
    given = {key: value for key, value in locals().items() if key in KEYS and key not in own}
    execute(
        given,
        output=output,
        clip=clip,
        intervals=parsed_intervals(intervals),
        most=most,
        seconds=seconds,
        warm_up_s=warm_up,
        chart=chart,
        overwrite=overwrite,
        quiet=quiet,
    )


def parsed_intervals(text: str) -> tuple[int, ...]:
    """Return the numbers of a list by commas, rising, each once.

    Raises:
        ConfigError: If one is not a number from 1 to 1000.
    """
    from posestream.errors import ConfigError

    words = text.replace(",", " ").split()
    if not words or not all(word.isdecimal() and 1 <= int(word) <= 1000 for word in words):
        raise ConfigError(f"intervals: must be numbers from 1 to 1000, by commas, not {text!r}")
    return tuple(sorted({int(word) for word in words}))


def execute(
    given: dict[str, Any],
    *,
    output: Path | None,
    clip: Path | None,
    intervals: tuple[int, ...],
    most: int,
    seconds: float,
    warm_up_s: float,
    chart: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Measure, print and write; exit with a signal's code if stopped."""
    import tempfile

    from posestream.cli.density import Board, print_density, refuse_results, write_results
    from posestream.cli.status_line import StatusLine
    from posestream.config import load_config
    from posestream.density.clip import inspect_clip, make_camera_clip
    from posestream.density.finding import find_density
    from posestream.runtime.stopping import StopFlag, stop_on_signals

    refuse_results(output, chart=chart, overwrite=overwrite)
    stop = StopFlag()
    with (
        tempfile.TemporaryDirectory(prefix="posestream-") as name,
        stop_on_signals(stop),
        StatusLine(quiet=quiet) as line,
    ):
        folder, board = Path(name), Board(line)
        board.begins("making a clip")
        played = inspect_clip(clip or make_camera_clip(folder / "clip.mp4"))
        config = load_config(None, {**given, "input": str(played.path), "output": folder / "out"})
        density = find_density(
            config,
            played,
            intervals=intervals,
            most=most,
            warm_up_s=warm_up_s,
            seconds=seconds,
            stop=stop,
            progress=board,
        )
    print_density(density)
    if output is not None:
        write_results(density, output, chart=chart)
    if stop.signal_number is not None:
        raise typer.Exit(128 + stop.signal_number)

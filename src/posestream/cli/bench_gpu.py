"""``posestream bench gpu``: what a GPU does with streams."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from posestream.cli import options
from posestream.cli.options import STREAMS, option

_DEFAULT_NETWORKS = "r18-224,d121-256,openpose-656x368,embedded"
_DEFAULT_STEPS = "decode,infer,single,throughput,memory,density,agreement"


def gpu(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for gpu.json and gpu.png.", metavar="DIR"),
    ] = None,
    networks: Annotated[
        str, typer.Option("--networks", help="Which networks, by commas.", metavar="LIST")
    ] = _DEFAULT_NETWORKS,
    codecs: Annotated[
        str, typer.Option("--codecs", help="Which video codecs, by commas.", metavar="LIST")
    ] = "h264,hevc",
    clip: Annotated[
        list[Path] | None,
        typer.Option("--clip", help="Own video instead of those that are made; any number."),
    ] = None,
    only: Annotated[
        str,
        typer.Option(
            "--only",
            help="What is measured, by commas; soak is left out unless named.",
            metavar="LIST",
        ),
    ] = _DEFAULT_STEPS,
    streams: Annotated[
        int, typer.Option("--streams", min=1, max=1024, help="Streams at once.")
    ] = 128,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.5, max=86_400, help="Measure each figure so long.")
    ] = 10.0,
    warm_up: Annotated[
        float, typer.Option("--warm-up", min=0, max=600, help="Let streams run so long before.")
    ] = 3.0,
    sample: Annotated[
        float, typer.Option("--sample", min=0.1, max=600, help="Look at a soak so often, seconds.")
    ] = 10.0,
    device: Annotated[
        str, typer.Option("--device", help="cuda, cuda:N or several of them; cpu to try this.")
    ] = "cuda",
    mosaic: Annotated[
        bool,
        typer.Option("--mosaic/--no-mosaic", help="Also draw and encode one video of all streams."),
    ] = True,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Another key of posestream run's settings for every run, such as threads=4.",
            metavar="KEY=VALUE",
        ),
    ] = None,
    chart: Annotated[
        bool, typer.Option("--chart/--no-chart", help="Draw gpu.png; needs matplotlib.")
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite/--no-overwrite", help="Replace an earlier run's files.")
    ] = False,
    batch: Annotated[int | None, option("batch", "--batch", panel=STREAMS)] = None,
    batch_wait_ms: Annotated[
        float | None, option("batch_wait_ms", "--batch-wait-ms", panel=STREAMS)
    ] = None,
    profile: options.Profile = None,
    precision: options.Precision = None,
    backend: options.Backend = None,
    provider: options.Provider = None,
    compile: options.Compile = None,  # noqa: A002  (as the setting is called)
    processes: Annotated[str | None, option("processes", "--processes", panel=STREAMS)] = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Measure what a GPU does with streams: speed, latency, density, agreement with the CPU.

    Runs the same streams as posestream run --device cuda, next to decoding alone and finding
    people alone. Networks but the embedded one have made-up weights, on which speed does not
    depend. Each figure is in gpu.json as soon as it is there.

    Example: posestream bench gpu --networks r18-224 --codecs h264 --streams 128 --output gpu
    """
    own = ("batch", "batch_wait_ms", "processes")
    keys = (*own, "profile", "precision", "backend", "provider", "compile")
    given = {key: value for key, value in locals().items() if key in keys}
    execute(
        {**given, **parsed_settings(setting or ())},
        output=output,
        networks=networks,
        codecs=codecs,
        clips=tuple(clip or ()),
        only=only,
        streams=streams,
        seconds=seconds,
        warm_up_s=warm_up,
        sample_s=sample,
        device=device,
        mosaic=mosaic,
        chart=chart,
        overwrite=overwrite,
        quiet=quiet,
    )


def parsed_settings(pairs: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """Return the keys and values of ``KEY=VALUE`` texts.

    Raises:
        ConfigError: If one has no sign of equality.
    """
    from posestream.errors import ConfigError

    settings = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign:
            raise ConfigError(f"set: {pair!r} has no equals sign; allowed: batch=32 and its like")
        settings[key.strip()] = value.strip()
    return settings


def execute(
    settings: dict[str, Any],
    *,
    output: Path | None,
    networks: str,
    codecs: str,
    clips: tuple[Path, ...],
    only: str,
    streams: int,
    seconds: float,
    warm_up_s: float,
    sample_s: float,
    device: str,
    mosaic: bool,
    chart: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Measure, print and write; exit with a signal's code if stopped."""
    from posestream.cli.gpu_figures import Board, print_figures, refuse_results, write_chart
    from posestream.cli.status_line import StatusLine
    from posestream.gpu_bench.apart import run_apart
    from posestream.gpu_bench.measuring import measure_gpu
    from posestream.gpu_bench.networks import NETWORKS
    from posestream.gpu_bench.plan import CODECS, STEPS, Plan, parsed_names
    from posestream.runtime.stopping import StopFlag, stop_on_signals

    plan = Plan(
        networks=parsed_names("networks", networks, NETWORKS),
        codecs=parsed_names("codecs", codecs, CODECS),
        clips=clips,
        steps=parsed_names("only", only, STEPS),
        streams=streams,
        seconds=seconds,
        warm_up_s=warm_up_s,
        sample_s=sample_s,
        device=device,
        mosaic=mosaic,
        settings=settings,
    )
    path = refuse_results(output, chart=chart, overwrite=overwrite)
    stop = StopFlag()
    with stop_on_signals(stop), StatusLine(quiet=quiet) as line:
        figures = measure_gpu(plan, path, run=run_apart, stop=stop, progress=Board(line))
    print_figures(figures)
    if output is not None and chart:
        write_chart(figures, output)
    if stop.signal_number is not None:
        raise typer.Exit(128 + stop.signal_number)

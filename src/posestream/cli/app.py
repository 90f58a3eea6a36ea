"""The list of subcommands."""

from __future__ import annotations

from typing import Annotated

import typer

import posestream
from posestream.cli import (
    bench,
    demo,
    doctor,
    evaluate,
    evaluate_events,
    export,
    import_model,
    models,
    quantize,
    run,
    zones,
)

app = typer.Typer(
    name="posestream",
    help="Turn video into people's poses: annotated video, keypoints and data files.",
    epilog="Start with: posestream demo --output demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("demo")(demo.demo)
app.command("evaluate")(evaluate.evaluate)
app.command("evaluate-events")(evaluate_events.evaluate_events)
app.command("export")(export.export)
app.command("import")(import_model.import_model)
app.command("quantize")(quantize.quantize)
app.command("zones")(zones.zones)
app.command("doctor")(doctor.doctor)
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"posestream {posestream.__version__}")
        raise typer.Exit


@app.callback()
def posestream_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Turn video into people's poses: annotated video, keypoints and data files."""

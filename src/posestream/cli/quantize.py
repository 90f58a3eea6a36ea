"""``posestream quantize``: an INT8 network, measured before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from posestream.cli import options
from posestream.cli.options import option

if TYPE_CHECKING:
    from rich.console import Console

    from posestream.quantization.search import Outcome


def quantize(
    model: Annotated[
        str, typer.Argument(help="Name of a model, or path of its ONNX file or card.")
    ],
    output: Annotated[Path, typer.Argument(help="ONNX file to write; its card goes beside it.")],
    images: Annotated[
        Path, typer.Option("--images", "-i", help="Folder of pictures to calibrate on.")
    ],
    annotations: Annotated[
        Path | None,
        typer.Option("--annotations", "-a", help="COCO person_keypoints JSON to judge by."),
    ] = None,
    annotated_images: Annotated[
        Path | None,
        typer.Option(help="Folder with the annotated images (default: that of --images)."),
    ] = None,
    max_ap_drop: Annotated[
        float, typer.Option(help="AP that may be lost.", min=0, max=1, show_default=True)
    ] = 0.01,
    max_error: Annotated[
        float,
        typer.Option(
            help="Error of the outputs that is allowed without annotations.", min=0, max=1
        ),
    ] = 0.005,
    backend: options.Backend = None,
    overwrite: Annotated[bool | None, option("overwrite", "--overwrite/--no-overwrite")] = None,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Make an INT8 network, and keep it only if it is faster and accurate enough.

    Several recipes are measured against f32 on this machine; the fastest that loses little enough
    is written. Needs the extra ``quantize`` of the package.

    Example: posestream quantize movenet-multipose fast.onnx -i photos -a annotations.json
    """
    from rich.console import Console

    from posestream.config import estimator_config
    from posestream.models.registry import find_model
    from posestream.quantization.pictures import read_pictures
    from posestream.quantization.search import refusal, search
    from posestream.quantization.trials import Truth
    from posestream.quantization.writing import check_output, write_model

    check_output(output, overwrite=bool(overwrite))
    chosen_backend = estimator_config({"backend": backend}).backend
    card = find_model(model)
    truth = Truth(annotations, annotated_images or images) if annotations else None
    pictures = read_pictures(images)
    console = Console(stderr=True, soft_wrap=True)
    with _Stages(console, quiet=quiet) as stages:
        outcome = search(
            card,
            pictures,
            truth=truth,
            max_ap_drop=max_ap_drop,
            max_error=max_error,
            backend=chosen_backend,
            progress=stages.show,
        )
    if not quiet:
        _print_table(outcome)
    if outcome.chosen is None:
        raise refusal(outcome, truth=truth, max_ap_drop=max_ap_drop, max_error=max_error)
    made = write_model(card, outcome.chosen, output)
    if not quiet:
        console.print(f"wrote {output} ({made.size_bytes / 1e6:.1f} MB)", markup=False)


class _Stages:
    """A bar for each stage on a terminal, a line elsewhere."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        from rich.progress import Progress

        self._console, self._quiet = console, quiet
        self._bar = Progress(
            console=console, transient=True, disable=quiet or not console.is_terminal
        )
        self._stage, self._task = "", self._bar.add_task("reading", total=None)

    def __enter__(self) -> _Stages:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, stage: str, done: int, total: int) -> None:
        if stage != self._stage and not self._quiet and not self._console.is_terminal:
            self._console.print(f"{stage} ...", markup=False, highlight=False)
        self._stage = stage
        self._bar.update(self._task, description=stage, completed=done, total=total)


def _print_table(outcome: Outcome) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("recipe", "INT8", "error", "ms", "x f32", "AP", "AP lost", "", box=None)
    total = outcome.convolutions
    table.add_row("f32", f"0/{total}", "", _ms(outcome.f32_ms), "1.00", _ap(outcome.f32_measured))
    for trial in outcome.trials:
        table.add_row(
            trial.recipe,
            f"{trial.int8}/{total}",
            f"{trial.error:.4f}",
            _ms(trial.ms),
            f"{trial.speedup:.2f}",
            _ap(trial.measured),
            "" if trial.ap_drop is None else f"{trial.ap_drop:.4f}",
            "kept" if trial is outcome.chosen else "",
        )
    Console(width=120).print(table, highlight=False)


def _ms(times: list[float]) -> str:
    return " / ".join(f"{one:.1f}" for one in times)


def _ap(measured: list) -> str:
    return " / ".join(f"{one.ap:.3f}" for one in measured)

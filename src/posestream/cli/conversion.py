"""What ``posestream export`` and ``posestream import`` have in common: options and the report."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from posestream.conversion.results import Converted, Wishes

Output = Annotated[
    Path,
    typer.Argument(
        help="ONNX file to write; its model card goes beside it, OUT.toml.", metavar="OUT.onnx"
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="WxH",
        help="Fix width and height of the input, pixels; left free if not given.",
    ),
]
Batch = Annotated[
    str, typer.Option("--batch", metavar="N|dynamic", help="Pictures per run of the network.")
]
Opset = Annotated[
    int | None, typer.Option("--opset", help="Version of ONNX's operations (default: 17).")
]
Half = Annotated[
    bool,
    typer.Option(
        "--fp16/--f32",
        help="Store large weights as float16, or all as float32; it computes in float32.",
    ),
]
Licence = Annotated[
    str | None,
    typer.Option("--licence", help="SPDX name of the weights' licence, for the model card."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite/--no-overwrite", help="Replace existing files.")
]


def wishes(
    output: Path,
    *,
    size: str | None,
    batch: str,
    opset: int | None,
    half: bool,
    licence: str | None,
    overwrite: bool,
) -> Wishes:
    """Return what the options ask for.

    Raises:
        ConfigError: If size or batch is not understood.
    """
    from posestream.conversion.results import Wishes
    from posestream.models.exporting.onnx_writer import DEFAULT_OPSET

    return Wishes(
        output=output,
        size=_size(size),
        batch=_batch(batch),
        opset=DEFAULT_OPSET if opset is None else opset,
        half=half,
        licence=licence,
        overwrite=overwrite,
    )


def _size(text: str | None) -> tuple[int, int] | None:
    from posestream.errors import ConfigError

    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,6})x(\d{1,6})", text)
    if match is None:
        raise ConfigError(f"size: {text!r} is not allowed; allowed: WIDTHxHEIGHT such as 224x224")
    return int(match[1]), int(match[2])


def _batch(text: str) -> int | None:
    from posestream.errors import ConfigError

    if text == "dynamic":
        return None
    if not re.fullmatch(r"\d{1,6}", text):
        raise ConfigError(f"batch: {text!r} is not allowed; allowed: a number, or dynamic")
    return int(text)


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show what happens: the step in progress on a terminal, a line for each step elsewhere."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True, soft_wrap=True, quiet=quiet)

    def tell(step: str) -> None:
        console.print(escape(step), highlight=False)

    with console.status("converting"):
        yield tell


def report(converted: Converted, *, quiet: bool) -> None:
    """Print what was made."""
    from rich.console import Console
    from rich.markup import escape

    card = converted.card
    rows = [
        ("wrote", f"{card.weights}, {card.size_bytes / 1e6:.1f} MB, and its card"),
        ("network", f"{converted.architecture}, {card.topology.name}, licence {card.licence}"),
        (
            "differs",
            f"{converted.difference:.1e} of the largest value, run with {converted.ran_on}",
        ),
    ]
    if converted.rounding is not None:
        rows.append(("rounding", f"{converted.rounding:.1e}, of the weights to float16"))
    console = Console(stderr=True, quiet=quiet, soft_wrap=True)
    for name, value in rows:
        console.print(f"[bold]{name:8}[/]  {escape(value)}", highlight=False)

"""``posestream zones``: see zones on a frame, or choose them there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from posestream.cli import options
from posestream.errors import ConfigError, OutputExistsError, SinkError

_PICTURES = (".png", ".jpg", ".jpeg")
_PAGES = (".html", ".htm")


def zones(
    input: Annotated[  # noqa: A002 - what users read in the help
        str, typer.Argument(help="Video, image, camera or address.", metavar="INPUT")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Picture to write, or page with --pick.")
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="YAML file with zones, lines and ground."),
    ] = None,
    stream: Annotated[
        str | None,
        typer.Option("--stream", help="Take those of this stream of the file.", metavar="NAME"),
    ] = None,
    zone: Annotated[
        list[str] | None,
        typer.Option("--zone", help="A zone, any number.", metavar="NAME=x1,y1;x2,y2;..."),
    ] = None,
    line: Annotated[
        list[str] | None,
        typer.Option("--line", help="A line, any number.", metavar="NAME=x1,y1;x2,y2"),
    ] = None,
    at: Annotated[
        float | None,
        typer.Option("--at", min=0, help="Time of the frame.", metavar="SECONDS"),
    ] = None,
    pick: Annotated[
        bool, typer.Option("--pick", help="Write a page to click zones on, for any browser.")
    ] = False,
    grid: Annotated[bool, typer.Option("--grid/--no-grid", help="Draw coordinates.")] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite/--no-overwrite", help="Replace an earlier file.")
    ] = False,
    debug: options.Debug = False,
) -> None:
    """Draw a frame of an input with a grid, its zones, lines and ground on it.

    Coordinates are fractions of the picture, 0 to 1, or pixels.

    Example: posestream zones video.mp4 --zone "door=0.4,0.2;0.6,0.2;0.6,0.9;0.4,0.9" -o frame.png

    Example: posestream zones rtsp://cam1/live --pick -o pick.html
    """
    from posestream.assembly_zones import read_zones
    from posestream.picking.frames import frame_at
    from posestream.picking.page import picker_page
    from posestream.picking.sheet import draw_sheet, encoded, outside

    _check(output, pick=pick, overwrite=overwrite)
    settings = read_zones(config, stream=stream, zones=zone or (), lines=line or ())
    image = frame_at(input, at_s=at).image
    for name in outside(settings, image.size):
        width, height = image.size
        typer.echo(f"{name} reaches out of the picture of {width}x{height} pixels", err=True)
    if pick:
        _write(output, picker_page(image, settings).encode())
    else:
        _write(output, encoded(draw_sheet(image, settings, grid=grid), output.suffix.lower()))
    typer.echo(str(output))


def _check(output: Path, *, pick: bool, overwrite: bool) -> None:
    allowed = _PAGES if pick else _PICTURES
    if output.suffix.lower() not in allowed:
        what = "a page" if pick else "a picture; with --pick it is a page, .html"
        raise ConfigError(f"output: must end in {', '.join(allowed)} for {what}, not {output}")
    if output.exists() and not overwrite:
        raise OutputExistsError(f"{output}: exists; pass --overwrite to replace it")


def _write(output: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    part = output.with_name(f".{output.name}.part")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SinkError(f"{output}: cannot be written ({error.strerror})") from error

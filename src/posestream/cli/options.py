"""Options that several commands share; their help comes from the settings they fill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from posestream.config import SECTIONS, Config

_debug = False


def debugging() -> bool:
    """Tell whether ``--debug`` was given."""
    return _debug


def _remember_debug(wanted: bool) -> None:
    global _debug
    _debug = _debug or wanted


def option(key: str, *names: str, panel: str | None = None) -> Any:
    """Make the option for a setting, with the setting's own description, choices and default."""
    field = next(
        model.model_fields[key]
        for model in (Config, *SECTIONS.values())
        if key in model.model_fields
    )
    text = (field.description or "").removesuffix(".")
    if choices := _choices(field.annotation):
        text += f": {', '.join(choices)}"
    if default := _default(field.default):
        text += f" (default: {default})"
    return typer.Option(
        *names, help=text + ".", rich_help_panel=panel, show_default=False, metavar=_metavar(key)
    )


def _choices(annotation: Any) -> list[str]:
    """Return the words a setting, or each entry of it, may be."""
    arguments = get_args(annotation)
    words = [word for word in arguments if isinstance(word, str)]
    return words or [word for argument in arguments for word in _choices(argument)]


def _default(value: Any) -> str:
    """Write a default for people; nothing for switches and what is worked out."""
    if isinstance(value, tuple):
        return ("x" if isinstance(value[0], int) else ",").join(map(str, value)) if value else ""
    return "" if isinstance(value, bool) or not isinstance(value, (str, int, float)) else str(value)


def _metavar(key: str) -> str | None:
    words = {"start": "SECONDS", "end": "SECONDS", "formats": "LIST", "output": "DIR"}
    words |= {
        "card": "NAME|FILE",
        "detector": "NAME|FILE",
        "detector_card": "NAME|FILE",
        "input_size": "WxH",
        "input_mean": "LIST",
        "input_std": "LIST",
        "secondary": "MODEL[,KEY=VALUE...]",
        "ffmpeg": "KEY=VALUE,...",
        "timeout": "SECONDS",
        "serve": "[HOST:]PORT",
        "processes": "N|auto",
        "publish": "ADDRESS|FILE",
        "mosaic_size": "WxH",
        "mosaic_layout": "CxR",
        "rate": "FPS",
        "long_lie": "SECONDS",
        "events_shown": "SECONDS",
        "webhook": "URL[,KEY=VALUE...]",
        "webhook_drain": "SECONDS",
        "clip_kinds": "LIST",
        "clip_before": "SECONDS",
        "clip_after": "SECONDS",
        "clip_longest": "SECONDS",
        "camera_roll": "DEGREES",
    }
    return words.get(key)


ESTIMATOR = "Finding people"
SECONDARY = "Secondary models"
NETWORK = "What a network of your own takes, where its card says something else"
OVERLAY = "Drawing"
STREAMS = "Streams, one and many"
ANALYSIS = "What people do"
EVENTS = "Events"
SERVING = "Looking at a run"

Model = Annotated[str | None, option("model", "--model", "-m", panel=ESTIMATOR)]
Card = Annotated[str | None, option("card", "--card", panel=ESTIMATOR)]
Detector = Annotated[str | None, option("detector", "--detector", panel=ESTIMATOR)]
DetectorCard = Annotated[str | None, option("detector_card", "--detector-card", panel=ESTIMATOR)]
InputSize = Annotated[str | None, option("input_size", "--input-size", panel=NETWORK)]
InputResize = Annotated[str | None, option("input_resize", "--input-resize", panel=NETWORK)]
InputColour = Annotated[str | None, option("input_colour", "--input-colour", panel=NETWORK)]
InputScale = Annotated[float | None, option("input_scale", "--input-scale", panel=NETWORK)]
InputMean = Annotated[str | None, option("input_mean", "--input-mean", panel=NETWORK)]
InputStd = Annotated[str | None, option("input_std", "--input-std", panel=NETWORK)]
Profile = Annotated[str | None, option("profile", "--profile", "-p", panel=ESTIMATOR)]
Device = Annotated[str | None, option("device", "--device", panel=ESTIMATOR)]
Backend = Annotated[str | None, option("backend", "--backend", panel=ESTIMATOR)]
Provider = Annotated[str | None, option("provider", "--provider", panel=ESTIMATOR)]
RequireProvider = Annotated[
    bool | None,
    option("require_provider", "--require-provider/--no-require-provider", panel=ESTIMATOR),
]
WorkspaceMb = Annotated[int | None, option("workspace_mb", "--workspace-mb", panel=ESTIMATOR)]
Precision = Annotated[str | None, option("precision", "--precision", panel=ESTIMATOR)]
Compile = Annotated[str | None, option("compile", "--compile", panel=ESTIMATOR)]
Threads = Annotated[int | None, option("threads", "--threads", panel=ESTIMATOR)]
LongSide = Annotated[int | None, option("long_side", "--long-side", panel=ESTIMATOR)]
MinScore = Annotated[float | None, option("min_score", "--min-score", panel=ESTIMATOR)]

Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error.", callback=_remember_debug),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
LogJson = Annotated[
    bool, typer.Option("--log-json", help="Print progress, warnings and summary as JSON lines.")
]
OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write the figures as JSON.", dir_okay=False)
]

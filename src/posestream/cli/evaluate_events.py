"""``posestream evaluate-events``: how well falls are told on clips whose falls are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from posestream.cli import options

_MIN_SCORE = 0.1
"""People this unsure are still followed: who lies on the ground is found less surely."""


def evaluate_events(
    clips: Annotated[
        Path,
        typer.Option("--clips", "-c", help="JSON list of clips with what happens in each."),
    ],
    output: options.OutputFile = None,
    interval: Annotated[
        int, typer.Option("--interval", help="Look at every n-th frame only.", min=1)
    ] = 1,
    max_delay: Annotated[
        float, typer.Option("--max-delay", help="Seconds from a fall's onset that are in time.")
    ] = 2.0,
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
    """Measure precision, recall, F1 and delay of fall events.

    Each clip is watched as a run would watch it: people found, tracked, falls told. Times are
    real time, also where a container claims another rate than the camera had.

    Example: posestream evaluate-events --clips clips.json --output falls.json
    """
    from rich.console import Console
    from rich.progress import track

    from posestream.config import EstimatorConfig, estimator_config
    from posestream.evaluation.events import EventScores
    from posestream.evaluation.watching import EventEvaluation

    given = {key: value for key, value in locals().items() if key in EstimatorConfig.model_fields}
    given["min_score"] = _MIN_SCORE if min_score is None else min_score
    evaluation = EventEvaluation(
        clips, estimator_config(given), interval=interval, max_delay_s=max_delay
    )
    console = Console(stderr=True)
    watched = track(evaluation.clips, "Watching", console=console, disable=quiet, transient=True)
    try:
        scores = EventScores(tuple(evaluation.watch(clip) for clip in watched))
    finally:
        evaluation.close()
    figures = scores.to_dict()
    _print(figures)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _print(figures: dict[str, Any]) -> None:
    typer.echo(f"{'clip':48s} {'tp':>3s} {'fp':>3s} {'fn':>3s} {'delay':>7s}")
    for clip in figures["clips"]:
        delays = clip["delays_s"] or clip["late_s"]
        delay = f"{delays[0]:5.2f} s" if delays else "-"
        late = "  too late" if clip["late_s"] else ""
        typer.echo(
            f"{clip['file'][-48:]:48s} {clip['tp']:3d} {clip['fp']:3d} {clip['fn']:3d} "
            f"{delay:>7s}  {clip['action']}{late}"
        )
    for name, value in figures.items():
        if name != "clips":
            typer.echo(
                f"{name:14s} {value:.3f}" if isinstance(value, float) else f"{name:14s} {value}"
            )

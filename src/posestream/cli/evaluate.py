"""``posestream evaluate``: COCO keypoint accuracy and speed on annotated images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from posestream.cli import options


def evaluate(
    annotations: Annotated[
        Path, typer.Option("--annotations", "-a", help="COCO person_keypoints JSON.")
    ],
    images: Annotated[Path, typer.Option("--images", "-i", help="Folder with its images.")],
    output: options.OutputFile = None,
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
    """Measure COCO keypoint AP and AR, and milliseconds per image.

    The time is from decoded picture to poses, one image at a time, network already compiled.

    Example: posestream evaluate -a person_keypoints_val2017.json -i val2017 --profile accurate
    """
    from rich.console import Console
    from rich.progress import track

    from posestream.config import EstimatorConfig, estimator_config
    from posestream.evaluation.images import Evaluation

    given = {key: value for key, value in locals().items() if key in EstimatorConfig.model_fields}
    given["min_score"] = min_score or 0.0  # average precision wants every candidate
    evaluation = Evaluation(annotations, images, estimator_config(given))
    console = Console(stderr=True)
    names = track(
        evaluation.image_ids, "Evaluating", console=console, disable=quiet, transient=True
    )
    for image_id in names:
        evaluation.add(image_id)
    figures = evaluation.figures()
    for name, value in figures.items():
        typer.echo(f"{name:14s} {value:.3f}" if isinstance(value, float) else f"{name:14s} {value}")
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")

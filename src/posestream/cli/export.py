"""``posestream export``: a PyTorch checkpoint becomes a network that posestream runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from posestream.cli import conversion, options


def export(
    checkpoint: Annotated[
        Path, typer.Argument(help="PyTorch state dict, .pth.", metavar="CHECKPOINT")
    ],
    output: conversion.Output,
    architecture: Annotated[
        str | None,
        typer.Option(
            "--architecture",
            "-a",
            help="resnet18_baseline_att, resnet18_baseline, densenet121_baseline_att, "
            "densenet121_baseline, openpose-coco or openpose-body-25; "
            "recognised by the tensors' names if not given.",
        ),
    ] = None,
    topology: Annotated[
        str | None,
        typer.Option(
            "--topology",
            "-t",
            help="What the maps mean: trtpose-human, openpose-coco or openpose-body-25; "
            "the architecture's own if not given.",
        ),
    ] = None,
    size: conversion.Size = None,
    batch: conversion.Batch = "dynamic",
    opset: conversion.Opset = None,
    half: conversion.Half = True,
    licence: conversion.Licence = None,
    overwrite: conversion.Overwrite = False,
    quiet: options.Quiet = False,
    debug: options.Debug = False,
) -> None:
    """Write a PyTorch checkpoint of TRTPose or OpenPose as ONNX, with its model card.

    The file is compared with PyTorch before it is written. Needs the extra 'torch'.

    Example: posestream export resnet18_baseline_att_224x224_A_epoch_249.pth trtpose.onnx
    """
    from posestream.conversion.checkpoints import export_checkpoint

    wishes = conversion.wishes(
        output,
        size=size,
        batch=batch,
        opset=opset,
        half=half,
        licence=licence,
        overwrite=overwrite,
    )
    with conversion.progress(quiet=quiet) as tell:
        converted = export_checkpoint(
            checkpoint, wishes, architecture=architecture, topology=topology, tell=tell
        )
    conversion.report(converted, quiet=quiet)

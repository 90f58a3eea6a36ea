"""``posestream import``: a Caffe model becomes a network that posestream runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from posestream.cli import conversion, options


def import_model(
    caffemodel: Annotated[Path, typer.Argument(help="Weights, .caffemodel.", metavar="CAFFEMODEL")],
    output: conversion.Output,
    prototxt: Annotated[
        Path | None,
        typer.Option(
            "--prototxt",
            help="The network's layers; OpenPose's COCO and BODY_25 are known without.",
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
    """Write OpenPose's Caffe model (COCO or BODY_25) as ONNX, with its model card.

    Needs neither Caffe nor PyTorch, but the extra 'onnx'.

    Example: posestream import pose_iter_584000.caffemodel body25.onnx
    """
    from posestream.conversion.caffemodels import import_caffemodel

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
        converted = import_caffemodel(caffemodel, wishes, prototxt=prototxt, tell=tell)
    conversion.report(converted, quiet=quiet)

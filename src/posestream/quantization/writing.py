"""Write a quantized network and its card, whole or not at all."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from posestream.errors import ConfigError, OutputExistsError, SinkError
from posestream.models.card import ModelCard
from posestream.models.card_writing import card_text
from posestream.quantization.recipes import Trial


def check_output(path: Path, *, overwrite: bool) -> None:
    """Refuse a file that cannot be written, before anything takes time.

    Raises:
        ConfigError: If it is not called ``.onnx``.
        OutputExistsError: If it or its card exists and may not be replaced.
    """
    if path.suffix != ".onnx":
        raise ConfigError(f"output {str(path)!r}: must end in .onnx")
    for file in (path, path.with_suffix(".toml")):
        if file.exists() and not overwrite:
            raise OutputExistsError(f"{file}: exists; pass --overwrite to replace it")


def write_model(card: ModelCard, trial: Trial, path: Path) -> ModelCard:
    """Write ``OUT.onnx`` and ``OUT.toml``.

    Args:
        card: Describes the network in f32.
        trial: What was made of it.
        path: The ONNX file; its card goes beside it.

    Returns:
        The card that was written.

    Raises:
        SinkError: If a file cannot be written.
    """
    made = replace(
        card,
        name=f"{card.name}-int8",
        title=f"{card.title}, INT8",
        weights=path,
        sha256=hashlib.sha256(trial.content).hexdigest(),
        size_bytes=len(trial.content),
        source=f"{card.source}; quantized by posestream ({trial.recipe})",
        measured=tuple(trial.measured),
        int8=None,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path, trial.content)
        _write_whole(path.with_suffix(".toml"), card_text(made).encode())
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error
    return made


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)

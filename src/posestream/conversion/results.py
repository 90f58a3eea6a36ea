"""What a conversion is asked for and what it made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.errors import ConfigError, OutputExistsError, SinkError
from posestream.inference.loading import load_backend
from posestream.models.architectures.catalogue import OUTPUTS, Architecture
from posestream.models.card import InputSpec, ModelCard
from posestream.models.card_writing import card_text
from posestream.models.exporting.onnx_writer import (
    DEFAULT_OPSET,
    Dimension,
    OnnxWriter,
    check_opset,
)
from posestream.models.exporting.parity import check_parity, largest_difference
from posestream.topology import Topology

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the ONNX file is to be."""

    output: Path
    """The file; its card goes beside it, ``NAME.toml`` for ``NAME.onnx``."""
    size: tuple[int, int] | None = None
    """Width and height of the input, pixels; None to leave them free."""
    batch: int | None = None
    """Pictures per run; None to leave it free."""
    opset: int = DEFAULT_OPSET
    """Version of ONNX's operations."""
    half: bool = True
    """Whether large weights are stored as float16; computation is float32 either way."""
    licence: str | None = None
    """SPDX name for the card; None for that of the architecture's published weights."""
    overwrite: bool = False
    """Whether existing files may be replaced."""

    def check(self) -> None:
        """Refuse what cannot be, before the work.

        Raises:
            ConfigError: If a setting is not allowed.
            OutputExistsError: If the file or its card exists and may not be replaced.
        """
        if self.output.suffix != ".onnx":
            raise ConfigError(f"output: {str(self.output)!r} is not allowed; allowed: NAME.onnx")
        check_opset(self.opset)
        for path in (self.output, self.card):
            if path.exists() and not self.overwrite:
                raise OutputExistsError(
                    f"{path}: exists; pass --overwrite (overwrite=True) to replace it"
                )

    @property
    def card(self) -> Path:
        """The card's file."""
        return self.output.with_suffix(".toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What a conversion made."""

    card: ModelCard
    """The card as it was written; its weights are the ONNX file."""
    architecture: str
    """Name of the architecture."""
    difference: float
    """Largest difference to the original with the same weights, relative to the largest value."""
    rounding: float | None
    """The same to the original with its own weights, where float16 rounded them."""
    ran_on: str
    """What ran the ONNX file for the comparison."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A network and its card, in memory."""

    content: bytes
    """The ONNX file."""
    card: ModelCard
    """Its card."""

    def measure(self, expected: Mapping[str, npt.NDArray[np.float32]], pixels: Pixels) -> Measured:
        """Run the network as posestream will, and compare it with its original.

        Args:
            expected: What the original says, by meaning.
            pixels: ``(B, H, W, 3)`` RGB that it was shown.

        Raises:
            ModelError: If it differs by more than is allowed.
        """
        backend = load_backend(self.card, precision="f32", cache=False)
        found = backend.infer(pixels)
        difference = largest_difference(found, expected)
        check_parity(difference)
        return Measured(found, difference, backend.description)

    def write(self, wishes: Wishes) -> ModelCard:
        """Write both files, each whole or not at all, and return the card with its new place.

        Raises:
            SinkError: If they cannot be written.
        """
        texts = {wishes.output: self.content, wishes.card: card_text(self.card).encode()}
        for path, content in texts.items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                _replace(path, content)
            except OSError as error:
                raise SinkError(f"{path}: cannot be written: {error}") from error
        return replace(self.card, weights=wishes.output)


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a written network said about random pixels."""

    maps: Mapping[str, npt.NDArray[np.float32]]
    """Its outputs by meaning."""
    difference: float
    """Largest difference to the original, relative to the largest value."""
    ran_on: str
    """What ran it."""


@dataclass(frozen=True, slots=True)
class _InMemory:
    """A file that is not written yet."""

    name: str
    content: bytes

    def read_bytes(self) -> bytes:
        return self.content


def make_draft(
    architecture: Architecture,
    topology: Topology,
    wishes: Wishes,
    writer: OnnxWriter,
    tensors: tuple[str, str],
    *,
    original: Path,
) -> Draft:
    """Finish a network whose operations are written, and describe it.

    Args:
        architecture: What it is.
        topology: What its maps mean.
        wishes: How it is to be.
        writer: Holds its operations.
        tensors: Those of the maps and fields.
        original: The file it was made from.
    """
    spec = architecture.input(size=wishes.size, batch=wishes.batch)
    shapes = _shapes(architecture, topology, spec)
    source = f"{original.name}, converted by posestream"
    content = writer.finish(
        name=architecture.name,
        image=(spec.name, shapes[0]),
        outputs=dict(zip(OUTPUTS, zip(tensors, shapes[1:], strict=True), strict=True)),
        notes={"source": source, "architecture": architecture.name},
    )
    card = ModelCard(
        name=wishes.output.stem,
        title=architecture.title,
        family="paf",
        topology=topology,
        weights=_InMemory(wishes.output.name, content),
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        stride=architecture.stride,
        input=spec,
        outputs=OUTPUTS,
        licence=wishes.licence or architecture.licence,
        source=source,
    )
    return Draft(content, card)


def _shapes(
    architecture: Architecture, topology: Topology, spec: InputSpec
) -> tuple[tuple[Dimension, ...], ...]:
    """Return the shapes of the input, the maps and the fields."""
    batch: Dimension = spec.batch or "batch"
    sides: tuple[Dimension, ...] = ("height", "width")
    cells: tuple[Dimension, ...] = ("rows", "columns")
    if spec.fixed_size is not None:
        width, height = spec.fixed_size
        sides = (height, width)
        cells = (height // architecture.stride, width // architecture.stride)
    maps, fields = architecture.channels(topology)
    return (batch, 3, *sides), (batch, maps, *cells), (batch, fields, *cells)


def random_pixels(spec: InputSpec) -> Pixels:
    """Return noise ``(B, H, W, 3)`` of a size that an input takes, small if it may be."""
    width, height = spec.fixed_size or (max(48, 3 * spec.multiple), max(32, 2 * spec.multiple))
    shape = (spec.batch or 2, height, width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

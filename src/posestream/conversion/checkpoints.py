"""PyTorch checkpoints become ONNX files with cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.conversion.results import Converted, Pixels, Wishes, make_draft, random_pixels
from posestream.errors import ConfigError, ModelError, suggestion
from posestream.inference.pixels import network_input
from posestream.models.architectures.catalogue import (
    OUTPUTS,
    Architecture,
    find_architecture,
)
from posestream.models.architectures.torch_library import import_torch
from posestream.models.card import InputSpec
from posestream.models.exporting.checkpoint import read_checkpoint
from posestream.models.exporting.fitting import fitted_network, recognise
from posestream.models.exporting.onnx_writer import OnnxWriter
from posestream.models.exporting.parity import largest_difference
from posestream.topology import TOPOLOGIES, Topology


def export_checkpoint(
    checkpoint: Path,
    wishes: Wishes,
    *,
    architecture: str | None = None,
    topology: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Converted:
    """Write a checkpoint's network as ONNX with its card, after comparing it with PyTorch.

    Args:
        checkpoint: A ``.pth`` file with a state dict.
        wishes: How the file is to be.
        architecture: Name of the architecture; recognised by the tensors' names if not given.
        topology: Name of the topology; the architecture's own if not given.
        tell: Is told what happens.

    Raises:
        ConfigError: If a setting is not allowed.
        OutputExistsError: If a file exists and may not be replaced.
        MissingDependencyError: If PyTorch or ONNX is not installed.
        SourceNotFoundError: If there is no such checkpoint.
        ModelError: If it cannot be used, or the written network says something else.
        SinkError: If the files cannot be written.
    """
    wishes.check()
    named = find_architecture(architecture) if architecture else None
    wanted = _find_topology(topology) if topology else None
    writer = OnnxWriter(opset=wishes.opset, half=wishes.half)
    tensors = read_checkpoint(checkpoint)
    try:
        kind = named or recognise(tensors)
        spec = kind.input(size=wishes.size, batch=wishes.batch)
        meant = wanted or kind.topology
        tell(f"{'taken for' if named else 'recognised'}: {kind.name}, {_described(kind, meant)}")
        network = fitted_network(kind, meant, tensors)
    except ModelError as error:
        raise ModelError(f"{checkpoint}: {error}") from error
    return _convert(checkpoint, wishes, kind, meant, spec, network, writer, tell)


def _convert(
    checkpoint: Path,
    wishes: Wishes,
    kind: Architecture,
    topology: Topology,
    spec: InputSpec,
    network: Any,
    writer: OnnxWriter,
    tell: Callable[[str], None],
) -> Converted:
    from posestream.models.exporting.traced import round_weights, write_network

    tell(f"writing ONNX, opset {wishes.opset}, {'float16' if wishes.half else 'float32'} weights")
    maps, fields = write_network(network, writer, image=spec.name)
    draft = make_draft(kind, topology, wishes, writer, (maps, fields), original=checkpoint)
    tell("comparing it with PyTorch")
    pixels = random_pixels(spec)
    exact = _run(network, spec, pixels)
    if wishes.half:
        round_weights(network)
    measured = draft.measure(_run(network, spec, pixels), pixels)
    return Converted(
        card=draft.write(wishes),
        architecture=kind.name,
        difference=measured.difference,
        rounding=largest_difference(measured.maps, exact) if wishes.half else None,
        ran_on=measured.ran_on,
    )


def _run(network: Any, spec: InputSpec, pixels: Pixels) -> Mapping[str, npt.NDArray[np.float32]]:
    """Return what a PyTorch network says about RGB pixels."""
    torch = import_torch()
    with torch.inference_mode():
        outputs = network(torch.from_numpy(network_input(spec, pixels)))
    return {name: maps.numpy() for name, maps in zip(OUTPUTS, outputs, strict=True)}


def _find_topology(name: str) -> Topology:
    allowed = [key for key, one in TOPOLOGIES.items() if one.paf_channels]
    if name not in allowed:
        raise ConfigError(
            f"topology: {name!r} is not allowed.{suggestion(name, allowed)} "
            f"Allowed: {', '.join(allowed)}"
        )
    return TOPOLOGIES[name]


def _described(kind: Architecture, topology: Topology) -> str:
    maps, fields = kind.channels(topology)
    return f"{topology.name} with {maps} maps and {fields} fields"

"""The networks that are measured: the embedded one, and well-known ones with made-up weights."""
# pyright: reportMissingImports=false

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posestream.conversion.results import Wishes, make_draft
from posestream.errors import ConfigError, suggestion
from posestream.gpu_bench.scenes import people_maps
from posestream.models.architectures.catalogue import Architecture, find_architecture
from posestream.models.architectures.torch_library import import_torch
from posestream.models.card import InputSpec
from posestream.models.exporting.onnx_writer import OnnxWriter

EMBEDDED = "embedded"
_EMBEDDED_MODEL = "movenet-multipose"
_FRAME = (1920, 1080)
_ARCHITECTURES = {
    "r18-224": ("resnet18_baseline_att", (224, 224)),
    "d121-256": ("densenet121_baseline_att", (256, 256)),
    "openpose-656x368": ("openpose-coco", (656, 368)),
}
NETWORKS = (*_ARCHITECTURES, EMBEDDED)
"""What may be measured, by name."""


@dataclass(frozen=True, slots=True)
class BenchNetwork:
    """A network that is measured."""

    name: str
    """What it is called here, one of `NETWORKS`."""
    model: str
    """What ``--model`` is told: a name, or the path of an ONNX file with a card beside it."""
    made_up: bool
    """Whether its weights are made up, so that only its speed means anything."""

    @property
    def weights(self) -> str:
        """Say for people what its weights are."""
        return "made up, five people laid over its maps" if self.made_up else "embedded"


def check_networks(names: tuple[str, ...]) -> None:
    """Refuse a name that is none of `NETWORKS`.

    Raises:
        ConfigError: If one is not.
    """
    for name in names:
        if name not in NETWORKS:
            raise ConfigError(
                f"networks: {name!r} is not allowed.{suggestion(name, NETWORKS)} "
                f"Allowed: {', '.join(NETWORKS)}"
            )


def make_network(name: str, folder: Path) -> BenchNetwork:
    """Return a network, made in a folder if its weights are made up.

    Args:
        name: One of `NETWORKS`.
        folder: Where the ONNX file and its card go.

    Raises:
        ConfigError: If there is no such network.
        MissingDependencyError: If PyTorch or ONNX is not installed.
        SinkError: If it cannot be written.
    """
    check_networks((name,))
    if name == EMBEDDED:
        return BenchNetwork(name, _EMBEDDED_MODEL, made_up=False)
    key, size = _ARCHITECTURES[name]
    path = folder / f"{name}.onnx"
    write_made_up(find_architecture(key), path, size=size)
    return BenchNetwork(name, str(path), made_up=True)


def write_made_up(kind: Architecture, path: Path, *, size: tuple[int, int]) -> None:
    """Write an architecture with made-up weights as ONNX with its card.

    Speed does not hang on weights, but finding people hangs on maps. So a scene of five people is
    added to what is left of the network's own maps after a multiplication by zero, which no
    library may leave out.

    Args:
        kind: What is written.
        path: The ONNX file; its card goes beside it.
        size: Width and height of the input, pixels.
    """
    from posestream.models.exporting.traced import write_network

    writer = OnnxWriter(half=True)
    spec = kind.input(size=size, batch=None)
    topology = kind.topology
    maps, fields = write_network(_module(kind), writer, image=spec.name)
    cells = (size[0] // kind.stride, size[1] // kind.stride)
    scene = people_maps(
        topology, size=cells, shown=_shown(spec, kind.stride), channels=kind.channels(topology)
    )
    nothing = writer.weight(np.zeros(1, np.float32))
    laid_over = [
        writer.emit("Add", [writer.emit("Mul", [tensor, nothing]), writer.weight(over)])
        for tensor, over in zip((maps, fields), scene, strict=True)
    ]
    wishes = Wishes(output=path, size=size, overwrite=True)
    draft = make_draft(
        kind,
        topology,
        wishes,
        writer,
        (laid_over[0], laid_over[1]),
        original=Path("made-up weights"),
    )
    draft.write(wishes)


def _module(kind: Architecture) -> Any:
    """Return a PyTorch network whose numbers are made up and stay in float16's range."""
    torch = import_torch()
    torch.manual_seed(0)
    module = kind.build(*kind.channels(kind.topology)).eval()
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d) and part.running_var is not None:
            torch.nn.init.uniform_(part.running_var, 0.5, 1.5)
    return module


def _shown(spec: InputSpec, stride: int) -> tuple[float, float]:
    """Return the part of the maps that shows a frame of 1080 lines, cells."""
    width, height = spec.rule().letterbox(_FRAME).content_size
    return width / stride, height / stride

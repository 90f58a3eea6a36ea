"""The architectures by name: what goes in, what comes out, how to build one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from posestream.errors import ConfigError, suggestion
from posestream.models.architectures.openpose_layers import (
    BODY_25_FIELDS,
    BODY_25_MAPS,
    COCO_FIELDS,
    COCO_MAPS,
    openpose_body_25,
    openpose_coco,
)
from posestream.models.architectures.torch_library import import_torch
from posestream.models.caffe.layers import Network
from posestream.models.card import InputSpec
from posestream.topology import OPENPOSE_BODY_25, OPENPOSE_COCO, TRTPOSE_HUMAN, Topology

if TYPE_CHECKING:
    from torch import nn  # pyright: ignore[reportMissingImports]

OUTPUTS = {"confidence_maps": "confidence_maps", "part_affinity_fields": "part_affinity_fields"}
"""Names of the outputs of written networks and what they mean, in the order they are built."""
MAX_SIDE = 4096
"""Longest side of an input that may be asked for, pixels."""
MAX_BATCH = 64
"""Largest fixed batch that may be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A family of networks whose weights fit each other."""

    name: str
    """What people call it on the command line."""
    title: str
    """What it is, in a line."""
    topology: Topology
    """What its published weights were trained for."""
    background: int
    """Maps after those of the keypoints."""
    stride: int
    """Input pixels per cell."""
    multiple: int
    """Width and height of the input are multiples of it."""
    long_side: int
    """Longer side it was trained with, pixels."""
    colour: str
    """Order of channels."""
    scale: float
    """Factor on pixels of 0 to 255."""
    mean: tuple[float, float, float]
    """Subtracted after scaling."""
    std: tuple[float, float, float]
    """Divided by at last."""
    build: Callable[[int, int], nn.Module]
    """Makes the network in PyTorch, given the channels of maps and fields."""
    licence: str
    """SPDX name of the published weights' licence."""

    def channels(self, topology: Topology) -> tuple[int, int]:
        """Return how many maps and fields a network for a topology has."""
        pairs = topology.paf_channels
        return (
            len(topology.keypoints) + self.background,
            1 + max((max(pair) for pair in pairs), default=-1),
        )

    def input(self, *, size: tuple[int, int] | None, batch: int | None) -> InputSpec:
        """Return how pixels go in, with a fixed width, height and batch or free ones.

        Raises:
            ConfigError: If the network cannot take such a size or batch.
        """
        if batch is not None and not 0 < batch <= MAX_BATCH:
            raise ConfigError(
                f"batch: {batch} is not allowed; allowed: 1 to {MAX_BATCH}, or dynamic"
            )
        if size is not None and any(not 0 < n <= MAX_SIDE or n % self.multiple for n in size):
            raise ConfigError(
                f"size: {size[0]}x{size[1]} is not allowed for {self.name}; "
                f"allowed: multiples of {self.multiple} up to {MAX_SIDE}"
            )
        return InputSpec(
            name="image",
            layout="NCHW",
            dtype="float32",
            colour=self.colour,
            scale=self.scale,
            mean=self.mean,
            std=self.std,
            multiple=self.multiple,
            long_side=None if size else self.long_side,
            fixed_size=size,
            batch=batch,
        )


def find_architecture(name: str) -> Architecture:
    """Return an architecture.

    Raises:
        ConfigError: If none has the name; the message suggests the nearest.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(
            f"architecture: {name!r} is not allowed.{suggestion(name, ARCHITECTURES)} "
            f"Allowed: {', '.join(ARCHITECTURES)}"
        )
    return ARCHITECTURES[name]


def _trtpose(trunk: str, title: str, long_side: int, *, attention: bool) -> Architecture:
    def build(maps: int, fields: int) -> nn.Module:
        import_torch()
        from posestream.models.architectures.trtpose import build_trtpose

        return build_trtpose(trunk=trunk, attention=attention, maps=maps, fields=fields)

    return Architecture(
        name=f"{trunk}_baseline{'_att' if attention else ''}",
        title=f"TRTPose, {title}{' with attention' if attention else ''}",
        topology=TRTPOSE_HUMAN,
        background=0,
        stride=4,
        multiple=32,
        long_side=long_side,
        colour="RGB",
        scale=1 / 255,
        mean=(0.485, 0.456, 0.406),  # of ImageNet, as the trunks were trained
        std=(0.229, 0.224, 0.225),
        build=build,
        licence="LicenseRef-unknown",
    )


@dataclass(frozen=True, slots=True)
class LayeredArchitecture:
    """An architecture that is also known as Caffe layers."""

    architecture: Architecture
    """What goes in and comes out."""
    network: Callable[[int, int], Network]
    """Makes the layers, given the channels of maps and fields."""
    blobs: tuple[str, str]
    """The blobs of maps and fields."""


def _openpose(
    title: str, topology: Topology, network: Callable[[int, int], Network], blobs: tuple[str, str]
) -> LayeredArchitecture:
    def build(maps: int, fields: int) -> nn.Module:
        import_torch()
        from posestream.models.architectures.layered import LayeredNetwork

        return LayeredNetwork(network(maps, fields), blobs)

    architecture = Architecture(
        name=topology.name,
        title=f"OpenPose, {title}",
        topology=topology,
        background=1,
        stride=8,
        multiple=8,
        long_side=656,
        colour="BGR",
        scale=1 / 256,
        mean=(0.5, 0.5, 0.5),
        std=(1.0, 1.0, 1.0),
        build=build,
        licence="LicenseRef-CMU-OpenPose-noncommercial",
    )
    return LayeredArchitecture(architecture, network, blobs)


LAYERED = (
    _openpose("COCO", OPENPOSE_COCO, openpose_coco, (COCO_MAPS, COCO_FIELDS)),
    _openpose("BODY_25", OPENPOSE_BODY_25, openpose_body_25, (BODY_25_MAPS, BODY_25_FIELDS)),
)
"""The architectures whose weights come from Caffe."""
ARCHITECTURES = {
    architecture.name: architecture
    for architecture in (
        _trtpose("resnet18", "ResNet-18", 224, attention=True),
        _trtpose("resnet18", "ResNet-18", 224, attention=False),
        _trtpose("densenet121", "DenseNet-121", 256, attention=True),
        _trtpose("densenet121", "DenseNet-121", 256, attention=False),
        *(layered.architecture for layered in LAYERED),
    )
}
"""Every architecture by its name."""

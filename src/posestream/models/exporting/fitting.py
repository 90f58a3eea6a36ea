"""Put a checkpoint's tensors into the architecture that they were made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from posestream.errors import ModelError
from posestream.models.architectures.catalogue import ARCHITECTURES, Architecture
from posestream.models.architectures.torch_library import import_torch
from posestream.topology import Topology

if TYPE_CHECKING:
    import torch  # pyright: ignore[reportMissingImports]
    from torch import nn  # pyright: ignore[reportMissingImports]

Tensors = Mapping[str, "torch.Tensor"]
_UNUSED = ("num_batches_tracked", "resnet.fc", "densenet.classifier")
_FEW = 3


def recognise(tensors: Tensors) -> Architecture:
    """Return the architecture whose keys these are.

    Raises:
        ModelError: If there is none; the message says how far the nearest is.
    """
    found = set(filter(_is_used, tensors))
    distances = {
        name: found ^ set(filter(_is_used, _layout(one, one.topology)))
        for name, one in ARCHITECTURES.items()
    }
    nearest = min(distances, key=lambda name: len(distances[name]))
    if differing := distances[nearest]:
        few = ", ".join(sorted(differing)[:_FEW]) + (", ..." if len(differing) > _FEW else "")
        raise ModelError(
            f"its architecture is none of {', '.join(ARCHITECTURES)}; the nearest, {nearest}, "
            f"differs in {len(differing)} tensors: {few}"
        )
    return ARCHITECTURES[nearest]


def fitted_network(architecture: Architecture, topology: Topology, tensors: Tensors) -> nn.Module:
    """Return an architecture with a checkpoint's weights, as float32, ready to run.

    Raises:
        ModelError: If a tensor is missing, unknown, of another shape, or not of finite numbers;
            the message names it, and the expected and actual shape.
    """
    layout = _layout(architecture, topology)
    _check_keys(architecture, layout, tensors)
    _check_shapes(architecture, topology, layout, tensors)
    torch = import_torch()
    network = _empty(architecture, topology)
    weights = {key: _numbers(key, tensors[key]) for key in layout if key in tensors}
    with torch.no_grad():
        network.load_state_dict(weights, strict=False, assign=True)
    return network.eval()


def _empty(architecture: Architecture, topology: Topology) -> nn.Module:
    """Build a network without memory for its weights."""
    with import_torch().device("meta"):
        return architecture.build(*architecture.channels(topology))


def _layout(architecture: Architecture, topology: Topology) -> dict[str, tuple[int, ...]]:
    state = _empty(architecture, topology).state_dict()
    return {key: tuple(tensor.shape) for key, tensor in state.items()}


def _is_used(key: str) -> bool:
    return not any(part in key for part in _UNUSED)


def _check_keys(
    architecture: Architecture, layout: Mapping[str, tuple[int, ...]], tensors: Tensors
) -> None:
    for key, shape in layout.items():
        if key not in tensors and _is_used(key):
            raise ModelError(f"tensor {key!r} of {architecture.name} is missing: expected {shape}")
    for key, tensor in tensors.items():
        if key not in layout:
            raise ModelError(
                f"tensor {key!r} of shape {tuple(tensor.shape)} is none of {architecture.name}'s"
            )


def _check_shapes(
    architecture: Architecture,
    topology: Topology,
    layout: Mapping[str, tuple[int, ...]],
    tensors: Tensors,
) -> None:
    differing = [
        key for key, shape in layout.items() if key in tensors and tensors[key].shape != shape
    ]
    if not differing:
        return
    key = differing[0]
    actual, expected = tuple(tensors[key].shape), layout[key]
    message = f"tensor {key!r} has the shape {actual}; {architecture.name} expects {expected}"
    if actual[1:] == expected[1:] and all(tensors[k].shape[1:] == layout[k][1:] for k in differing):
        maps, fields = architecture.channels(topology)
        message += (
            f" for the {maps} maps and {fields} fields of the topology {topology.name!r}: "
            "the checkpoint is for another topology"
        )
    raise ModelError(message)


def _numbers(key: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor as float32, or a counter as it is."""
    if key.endswith("num_batches_tracked"):
        return tensor
    if not tensor.is_floating_point() or tensor.layout != import_torch().strided:
        raise ModelError(f"tensor {key!r} is of type {tensor.dtype}; allowed: floating point")
    numbers = tensor.detach().float().contiguous()
    if not numbers.isfinite().all():
        raise ModelError(f"tensor {key!r} holds NaN or infinity")
    return numbers

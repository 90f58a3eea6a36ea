"""Refuse device tensors that a decoder could only misread."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posestream.errors import InferenceError
from posestream.kernels import Kernels, Loader, most_shared_bytes

if TYPE_CHECKING:
    import torch


def checked_maps(
    maps: Mapping[str, torch.Tensor], channels: Mapping[str, int]
) -> dict[str, torch.Tensor]:
    """Return the maps that are needed.

    Args:
        maps: ``(B, C, h, w)`` by meaning.
        channels: The least ``C`` of each map that is needed.

    Raises:
        InferenceError: If one is missing, or they differ in type, batch, height or width.
    """
    if missing := sorted(channels.keys() - maps.keys()):
        raise InferenceError(f"maps lack {', '.join(missing)}; they have {', '.join(maps)}")
    needed = {name: maps[name] for name in channels}
    kinds = {str(tensor.dtype).removeprefix("torch.") for tensor in needed.values()}
    if kinds not in ({"float16"}, {"float32"}):
        raise InferenceError(f"maps are {', '.join(sorted(kinds))}: must be all float16 or float32")
    first = next(iter(needed.values()))
    for name, tensor in needed.items():
        least, shape = channels[name], tuple(tensor.shape)
        if tensor.ndim != 4 or shape[1] < least or min(shape) < 1:
            raise InferenceError(f"{name} is {shape}, must be (B, C, h, w), C at least {least}")
        if (shape[0], *shape[2:]) != (first.shape[0], *first.shape[2:]):
            raise InferenceError(f"{name} is {shape}, other maps are {tuple(first.shape)}")
    return needed


def load_for(
    tensor: torch.Tensor, sources: Sequence[Path], *, shared_bytes: int, load: Loader
) -> Kernels:
    """Compile kernels for a tensor's device and type.

    Raises:
        InferenceError: If the device has too little shared memory.
        MissingDependencyError: If there is no GPU, or no way to compile for it.
    """
    device = tensor.device.index or 0
    kernels = load(sources, device, {"HALF": int(tensor.dtype.itemsize == 2)})
    room = most_shared_bytes(device) if tensor.is_cuda else shared_bytes
    if shared_bytes > room:
        raise InferenceError(
            f"maps of {tuple(tensor.shape[2:])} cells need {shared_bytes} bytes of shared memory "
            f"on the GPU, which has {room}: use a smaller input, fewer candidates, or the CPU"
        )
    return kernels

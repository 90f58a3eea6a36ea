"""Put the parts for GPUs together, from a model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from posestream.gpu.estimator import GpuEstimator
from posestream.gpu.libraries import checked_device, import_torch
from posestream.gpu.networks import CompiledNetwork, GraphNetwork
from posestream.gpu.pose_decoding import PoseDecoding
from posestream.gpu.runner import Runner
from posestream.inference.settings import check_choice
from posestream.models.card import ModelCard

DTYPES = {"auto": "float16", "f16": "float16", "f32": "float32"}


def build_runners(
    card: ModelCard,
    decoding: PoseDecoding,
    *,
    devices: Sequence[str] = ("cuda",),
    precision: str = "auto",
    long_side: int | None = None,
    batch: int = 32,
    compile_network: bool = False,
    cache: Path | None = None,
) -> list[Runner]:
    """Return a runner for each GPU.

    Args:
        card: Describes the network.
        decoding: Turns its maps into people.
        devices: ``cuda`` or ``cuda:N``.
        precision: ``f16``, ``f32``, or ``auto``: f16.
        long_side: Long side of inputs instead of the card's, pixels; where their size is free.
        batch: Most frames at once.
        compile_network: Whether torch compiles the network, which takes a minute or more.
        cache: Where compiled networks are kept for the next process.

    Raises:
        ConfigError: If there is no such GPU or precision.
        MissingDependencyError: If PyTorch or Triton is not installed.
        ModelError: If the weights cannot be used.
    """
    check_choice("precision", precision, tuple(DTYPES))
    dtype = DTYPES[precision]
    runners = []
    for device in devices:
        index = checked_device(device)
        network = GraphNetwork(card, device=index, dtype=dtype)
        runners.append(
            Runner(
                CompiledNetwork(network, cache=cache) if compile_network else network,
                decoding,
                spec=card.input,
                rule=card.input.rule(long_side),
                batch=batch,
                device=index,
                dtype=dtype,
            )
        )
    return runners


def build_estimator(card: ModelCard, runners: Sequence[Runner]) -> GpuEstimator:
    """Return an estimator on these GPUs, for whoever runs streams as on the CPU."""
    torch = import_torch()
    names = sorted({torch.cuda.get_device_name(runner.device) for runner in runners})
    count = f"{len(runners)} x " if len(runners) > 1 else ""
    description = f"torch {torch.__version__.split('+')[0]}, {count}{', '.join(names)}, CUDA graphs"
    return GpuEstimator(runners, card.topology, description=description)

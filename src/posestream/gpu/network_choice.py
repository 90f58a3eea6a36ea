"""Choose who runs a card's network on a GPU."""

from __future__ import annotations

from pathlib import Path

from posestream.blob_cache import cache_folder
from posestream.errors import ConfigError
from posestream.gpu.networks import CompiledNetwork, GraphNetwork, Network
from posestream.inference.settings import check_choice
from posestream.inference.tensorrt import DEFAULT_WORKSPACE_MB
from posestream.models.card import ModelCard

BACKENDS = ("auto", "torch", "onnxruntime")
"""Who can run a network on tensors of a GPU."""
COMPILING = ("none", "quick", "tuned")
"""Whether torch compiles a network, and whether it tries kernels out against each other."""


def build_network(
    card: ModelCard,
    *,
    device: int | None = 0,
    dtype: str = "float16",
    backend: str = "auto",
    provider: str = "auto",
    compile_network: str = "none",
    batch: int = 32,
    long_side: int | None = None,
    workspace_mb: int = DEFAULT_WORKSPACE_MB,
    cache: Path | None = None,
) -> Network:
    """Return a card's network as a function of tensors on a device.

    Args:
        card: Describes the network.
        device: Index of the GPU; None for main memory.
        dtype: ``float16`` or ``float32``.
        backend: One of `BACKENDS`; ``auto`` is ONNX Runtime where a provider is named, else torch.
        provider: ``cuda`` or ``tensorrt`` for ONNX Runtime; ``auto`` is ``cuda``.
        compile_network: One of `COMPILING`, with torch only.
        batch: Most pictures at once.
        long_side: Long side of inputs instead of the card's, pixels; where their size is free.
        workspace_mb: Memory that TensorRT may use while it builds an engine.
        cache: Where compiled networks are kept for the next process; by default where all are.

    Raises:
        ConfigError: If settings are not allowed, or not together.
        MissingDependencyError: If a library or provider is not installed.
        ModelError: If the weights cannot be used.
    """
    check_choice("backend", backend, BACKENDS)
    check_choice("compile", compile_network, COMPILING)
    if backend == "auto":
        backend = "torch" if provider == "auto" else "onnxruntime"
    cache = cache_folder() if cache is None else cache
    if backend == "torch":
        if provider != "auto":
            raise ConfigError(
                f"provider: {provider!r} is not allowed with backend 'torch'; "
                "allowed: auto, or backend 'onnxruntime'"
            )
        network = GraphNetwork(card, device=device, dtype=dtype)
        if compile_network == "none":
            return network
        return CompiledNetwork(
            network, name=card.name, cache=cache / "torch", tune=compile_network == "tuned"
        )
    if compile_network != "none":
        raise ConfigError(
            f"compile: {compile_network!r} is not allowed with backend 'onnxruntime'; "
            "allowed: none, or backend 'torch'"
        )
    from posestream.gpu.onnx_network import OnnxNetwork

    usual = "cpu" if device is None else "cuda"
    return OnnxNetwork(
        card,
        device=device,
        provider=usual if provider == "auto" else provider,
        dtype=dtype,
        batch=batch,
        long_side=long_side,
        workspace_mb=workspace_mb,
        cache=cache,
    )

"""Put the parts for GPUs together, from a model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from posestream.decoding import Decoder
from posestream.gpu.cuda_driver import let_waiting_threads_sleep
from posestream.gpu.libraries import checked_device, import_torch
from posestream.gpu.network_choice import build_network
from posestream.gpu.networks import Network
from posestream.gpu.passes import GpuPass
from posestream.gpu.pose_decoding import PoseDecoding, usual_decoding
from posestream.gpu.runner import Runner
from posestream.inference.settings import check_choice
from posestream.kernels import Loader, on_cuda
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
    backend: str = "auto",
    provider: str = "auto",
    compile_network: str = "none",
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
        backend: Who runs the network; see `build_network`.
        provider: ONNX Runtime's execution provider; see `build_network`.
        compile_network: Whether torch compiles the network; see `build_network`.
        cache: Where compiled networks are kept for the next process.

    Raises:
        ConfigError: If there is no such GPU, or a setting is not allowed.
        MissingDependencyError: If PyTorch or Triton is not installed.
        ModelError: If the weights cannot be used.
    """
    check_choice("precision", precision, tuple(DTYPES))
    dtype = DTYPES[precision]
    runners = []
    for device in devices:
        index = checked_device(device)
        let_waiting_threads_sleep(index)
        network = build_network(
            card,
            device=index,
            dtype=dtype,
            backend=backend,
            provider=provider,
            compile_network=compile_network,
            batch=batch,
            long_side=long_side,
            cache=cache,
        )
        runners.append(
            Runner(
                network,
                decoding,
                spec=card.input,
                rule=card.input.rule(long_side),
                batch=batch,
                device=index,
                dtype=dtype,
            )
        )
    return runners


def dtype_of(precision: str, *, device: int | None) -> str:
    """Return the number format that a setting means on a device.

    Args:
        precision: ``f16``, ``f32``, or ``auto``: f16 on a GPU.
        device: Index of the GPU; None for main memory, where that would be slow.

    Raises:
        ConfigError: If there is no such precision.
    """
    check_choice("precision", precision, tuple(DTYPES))
    if precision == "auto" and device is None:
        return "float32"
    return DTYPES[precision]


def build_pass(
    network: Network,
    card: ModelCard,
    decoder: Decoder,
    *,
    device: int | None,
    dtype: str = "float16",
    batch: int = 32,
    load: Loader = on_cuda,
) -> GpuPass:
    """Join a network on a GPU with what understands it.

    Args:
        network: Runs there.
        card: Describes it.
        decoder: Understands its outputs; on the GPU where it has a form for that.
        device: Index of the GPU; None for main memory, where kernels run that are made for it.
        dtype: ``float16`` or ``float32``, of the network's input.
        batch: Most pictures, or parts of them, at once; the card may have the last word.
        load: How kernels are compiled.
    """
    runner = Runner(
        network,
        usual_decoding(decoder, load=load),
        spec=card.input,
        rule=card.input.rule(),
        batch=batch,
        sizes=(card.input.batch,) if card.input.batch else None,
        device=device,
        dtype=dtype,
        load=load,
    )
    torch = import_torch()
    place = "main memory" if device is None else torch.cuda.get_device_name(device)
    how = ", CUDA graphs" if device is not None and network.capturable else ""
    return GpuPass(
        runner, description=f"torch {torch.__version__.split('+')[0]}, {place}, {dtype}{how}"
    )

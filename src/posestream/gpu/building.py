"""Put the parts for GPUs together, from a model card."""

from __future__ import annotations

from posestream.decoding import Decoder
from posestream.gpu.libraries import import_torch
from posestream.gpu.networks import Network
from posestream.gpu.passes import GpuPass
from posestream.gpu.pose_decoding import usual_decoding
from posestream.gpu.runner import Runner
from posestream.inference.settings import check_choice
from posestream.kernels import Loader, on_cuda
from posestream.models.card import ModelCard

DTYPES = {"auto": "float16", "f16": "float16", "f32": "float32"}


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

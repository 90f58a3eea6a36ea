"""What finds people on an NVIDIA GPU, by the same recipes as on the CPU."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable

from posestream.config import EstimatorConfig
from posestream.decoding import Decoder
from posestream.estimation import Estimator
from posestream.estimation.brought import BroughtEstimator
from posestream.estimation.passes import Pass
from posestream.families import recipe
from posestream.gpu.building import build_pass, dtype_of
from posestream.gpu.libraries import checked_device
from posestream.gpu.network_choice import build_network
from posestream.gpu.uploading import on_gpu
from posestream.models.card import ModelCard

GPU_BATCH = 32


def build_gpu_estimator(
    card: ModelCard, settings: EstimatorConfig, *, device: int | None, batch: int = GPU_BATCH
) -> Estimator:
    """Make what finds people on a GPU: every model and profile that there is on the CPU.

    Pictures that are there already (`posestream.gpu.cuda_image.CudaImage`) stay there; others are
    sent up. Two threads should call it at once.

    Args:
        card: Describes the network.
        settings: How it runs.
        device: Index of the GPU; None for main memory, where a GPU is imitated, slowly.
        batch: Most frames, or parts of them, at once.

    Raises:
        ConfigError: If the settings do not fit the model.
        ModelError: If the model cannot be used.
        MissingDependencyError: If a library is not installed.
    """
    if device is not None:
        checked_device(f"cuda:{device}")
    people = recipe(card)(card, settings, _maker(settings, device, batch))
    return BroughtEstimator(people, bring=lambda image: on_gpu(image, device=device))


def _maker(
    settings: EstimatorConfig, device: int | None, batch: int
) -> Callable[[ModelCard, Decoder], Pass]:
    dtype = dtype_of(settings.precision, device=device)

    def made(card: ModelCard, decoder: Decoder) -> Pass:
        network = build_network(
            card,
            device=device,
            dtype=dtype,
            backend=settings.backend,
            provider=settings.provider,
            compile_network=settings.compile,
            batch=batch,
            long_side=settings.long_side,
            workspace_mb=settings.workspace_mb,
        )
        return build_pass(network, card, decoder, device=device, dtype=dtype, batch=batch)

    return made

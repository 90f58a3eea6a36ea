"""What finds people on an NVIDIA GPU, by the same recipes as on the CPU."""

from __future__ import annotations

from posestream.config import EstimatorConfig
from posestream.decoding import Decoder
from posestream.estimation import Estimator
from posestream.estimation.brought import BroughtEstimator
from posestream.estimation.passes import Pass
from posestream.estimation.profiles import find_profile
from posestream.families import LARGEST, recipe
from posestream.gpu.building import build_pass, dtype_of
from posestream.gpu.cuda_driver import let_waiting_threads_sleep
from posestream.gpu.libraries import checked_device
from posestream.gpu.network_choice import build_network
from posestream.gpu.networks import Network
from posestream.gpu.uploading import on_gpu
from posestream.kernels import Loader, on_cuda
from posestream.models.card import ModelCard

GPU_BATCH = 32


def build_gpu_estimator(
    card: ModelCard,
    settings: EstimatorConfig,
    *,
    device: int | None,
    batch: int = GPU_BATCH,
    load: Loader = on_cuda,
) -> Estimator:
    """Make what finds people on a GPU: every model and profile that there is on the CPU.

    Pictures that are there already (`posestream.gpu.cuda_image.CudaImage`) stay there; others are
    sent up. Two threads should call it at once.

    Args:
        card: Describes the network.
        settings: How it runs.
        device: Index of the GPU; None for main memory, which only tests want.
        batch: Most frames, or parts of them, at once.
        load: How kernels are compiled.

    Raises:
        ConfigError: If the settings do not fit the model.
        ModelError: If the model cannot be used.
        MissingDependencyError: If a library is not installed.
    """
    if device is not None:
        let_waiting_threads_sleep(checked_device(f"cuda:{device}"))
    dtype = dtype_of(settings.precision, device=device)

    def made(one: ModelCard, decoder: Decoder) -> Pass:
        network = network_of(one, settings, device=device, dtype=dtype, batch=batch)
        return build_pass(network, one, decoder, device=device, dtype=dtype, batch=batch, load=load)

    people = recipe(card)(card, settings, made)
    return BroughtEstimator(people, bring=lambda image: on_gpu(image, device=device))


def network_of(
    card: ModelCard, settings: EstimatorConfig, *, device: int | None, dtype: str, batch: int
) -> Network:
    """Make a card's network as settings want it run; see `build_network`."""
    return build_network(
        card,
        device=device,
        dtype=dtype,
        backend=settings.backend,
        provider=settings.provider,
        compile_network=settings.compile,
        batch=batch,
        long_side=_longest_side(card, settings),
        workspace_mb=settings.workspace_mb,
    )


def _longest_side(card: ModelCard, settings: EstimatorConfig) -> int | None:
    """Return the longest side of all inputs that a network may get; None where it is fixed."""
    spec = card.input
    if spec.long_side is None:
        return None
    usual = round(spec.long_side * LARGEST) + spec.multiple
    looks = find_profile(settings.profile).looks.input_size if card.family == "center" else ()
    return max((usual, settings.long_side or 0, *looks))

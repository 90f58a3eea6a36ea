"""Settings in, parts out: the one place that knows which class stands for which setting."""

from __future__ import annotations

from collections.abc import Sequence

from posestream.assembly_devices import gpu_path, one_device
from posestream.assembly_gpu import GPU_BATCH, build_gpu_estimator
from posestream.assembly_secondary import build_inspector
from posestream.config import EstimatorConfig
from posestream.config_outputs import OverlayConfig
from posestream.config_secondary import SecondaryConfig
from posestream.config_streams import SharingConfig
from posestream.decoding import Decoder
from posestream.errors import ConfigError, ModelError
from posestream.estimation import Estimator
from posestream.estimation.passes import BackendPass, Pass
from posestream.families import recipe
from posestream.gpu.choosing import GpuDecoding
from posestream.inference import Backend
from posestream.inference.loading import load_backend
from posestream.inference.settings import usable_cores
from posestream.models.card import CROP_FAMILIES, SECONDARY_FAMILIES, ModelCard
from posestream.models.registry import find_model
from posestream.overlay.annotator import Annotator
from posestream.runtime.metrics import StageClock
from posestream.runtime.streams import StreamSet
from posestream.secondary.inspector import Inspector
from posestream.topology import Topology

_GPU_WORKERS = 2


def build_estimator(settings: EstimatorConfig, *, streams: int = 1, batch: int = 1) -> Estimator:
    """Make what finds people: on a GPU as a whole, where the device is one.

    Args:
        settings: Which model and how it runs.
        streams: How many calls of `Estimator.estimate` run side by side, sharing the threads.
        batch: Most frames in a call.

    Raises:
        ConfigError: If the settings do not fit the model.
        ModelError: If the model cannot be used.
        MissingDependencyError: If its library is not installed.
    """
    card = settings.applied_to(find_model(settings.model, card=settings.card))
    if card.family in SECONDARY_FAMILIES:
        raise ModelError(
            f"model {card.name!r} is of family {card.family!r} and finds no people; "
            "give it to --secondary"
        )
    for key in ("detector", "detector_card"):
        value = getattr(settings, key)
        if value is not None and card.family not in CROP_FAMILIES:
            raise ConfigError(
                f"{key}: {value!r} is not allowed with model {card.name!r}, which finds people "
                f"by itself; allowed for families {', '.join(CROP_FAMILIES)}"
            )
    gpu = gpu_path(settings)
    if gpu is not None:
        return build_gpu_estimator(card, settings, device=gpu, batch=max(batch, GPU_BATCH))
    if settings.compile != "none":
        raise ConfigError(
            f"compile: {settings.compile!r} is not allowed with device {settings.device!r} and "
            f"backend {settings.backend!r}; allowed: none, or device cuda with backend torch"
        )

    def made(one: ModelCard, decoder: Decoder) -> Pass:
        return BackendPass(_load(one, settings, streams), decoder, pad_value=one.input.pad_value)

    return recipe(card)(card, settings, made)


def _load(card: ModelCard, settings: EstimatorConfig, streams: int) -> Backend:
    return load_backend(
        card,
        backend=settings.backend,
        provider=settings.provider,
        require_provider=settings.require_provider,
        device=one_device(settings),
        precision=settings.precision,
        threads=settings.threads,
        streams=streams,
        workspace_mb=settings.workspace_mb,
    )


def build_stream_set(
    settings: EstimatorConfig,
    sharing: SharingConfig | None = None,
    *,
    clock: StageClock | None = None,
    secondary: Sequence[SecondaryConfig] = (),
) -> tuple[Estimator, Inspector | None, StreamSet]:
    """Make what finds people, what else looks at them, and the streams that share both.

    `workers_and_batch` tells how many threads find people, and in how many frames at once.
    """
    sharing = sharing or SharingConfig()
    workers, batch = workers_and_batch(settings, sharing)
    inspector = build_inspector(secondary, settings, streams=workers)
    estimator = build_estimator(settings, streams=workers, batch=batch)
    streams = StreamSet(
        estimator,
        topology=estimator.topology,
        workers=workers,
        batch=batch,
        gather_s=sharing.batch_wait_ms / 1e3,
        clock=clock,
        inspector=inspector,
        concurrent=sharing.concurrent,
    )
    return estimator, inspector, streams


def workers_and_batch(settings: EstimatorConfig, sharing: SharingConfig) -> tuple[int, int]:
    """Return how many threads find people for streams, and in how many frames at once.

    On a CPU there are as many threads, working side by side on a frame each, as the settings
    allow; on a GPU two, so that one prepares a batch while the other's runs.
    """
    on_gpu = settings.device.startswith("cuda")
    workers = _GPU_WORKERS if on_gpu else settings.threads or usable_cores()
    return workers, sharing.batch or (GPU_BATCH if on_gpu else 1)


def described(
    settings: EstimatorConfig,
    estimator: Estimator,
    inspector: Inspector | None = None,
    decoding: GpuDecoding | None = None,
) -> str:
    """Say what really runs: model, profile, passes, library, device, precision, threads."""
    others = f"; {inspector.description}" if inspector else ""
    decoded = f"; video decoded by {decoding.description}" if decoding else ""
    return f"{settings.model}, {settings.profile}: {estimator.description}{others}{decoded}"


def build_annotator(
    settings: OverlayConfig, topology: Topology, *, events_s: float = 4.0
) -> Annotator:
    """Make what draws; events are shown for ``events_s`` seconds."""
    return Annotator(
        topology,
        min_keypoint_score=settings.draw_threshold,
        line_width=settings.line_width,
        boxes=settings.boxes,
        labels=settings.labels,
        frame_number=settings.frame_number,
        blur_faces=settings.blur_faces,
        events_s=events_s,
    )

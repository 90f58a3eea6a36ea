"""Settings in, parts out: the one place that knows which class stands for which setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from posestream.assembly_secondary import build_inspector
from posestream.config import EstimatorConfig, OverlayConfig
from posestream.config_secondary import SecondaryConfig
from posestream.errors import ConfigError, ModelError
from posestream.estimation import Estimator
from posestream.estimation.profiles import DEFAULT_MIN_SCORE, find_profile
from posestream.estimation.profiles import build_estimator as build_center_estimator
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.geometry import InputRule
from posestream.inference import Backend
from posestream.inference.loading import load_backend
from posestream.inference.settings import usable_cores
from posestream.models.card import SECONDARY_FAMILIES, InputSpec, ModelCard
from posestream.models.registry import find_model
from posestream.overlay.annotator import Annotator
from posestream.runtime.metrics import StageClock
from posestream.runtime.pool import EstimatorPool
from posestream.secondary.inspector import Inspector
from posestream.topology import Topology

_PAF_SIZES = {"fast": 0.75, "balanced": 1.0, "accurate": 1.25}
"""Long side of each profile, in those on the model's card."""
_PAF_MIN_SCORE = 0.3  # where precision and recall are best together, as for centers
_SINGLE_PERSON_MODEL = "movenet-thunder"


def build_estimator(settings: EstimatorConfig, *, streams: int = 1) -> Estimator:
    """Make what finds people.

    Args:
        settings: Which model and how it runs.
        streams: How many calls of `Estimator.estimate` run side by side, sharing the threads.

    Raises:
        ModelError: If the model cannot be used.
        MissingDependencyError: If its library is not installed.
    """
    card = _card(settings)
    if card.family in SECONDARY_FAMILIES:
        raise ModelError(
            f"model {card.name!r} is of family {card.family!r} and finds no people; "
            "give it to --secondary"
        )
    if card.family == "center":
        found = _center_estimator(card, settings, streams)
    elif card.family == "paf":
        found = _paf_estimator(card, settings, streams)
    else:
        raise ModelError(f"model {card.name!r} is for one person's crop and finds nobody alone")
    return found


def _card(settings: EstimatorConfig) -> ModelCard:
    """Return the card of the model, with the input rules that the settings replace."""
    card = find_model(settings.model, card=settings.card)
    size = settings.input_size
    given = {
        "fixed_size": size,
        "resize": settings.input_resize,
        "colour": settings.input_colour,
        "scale": settings.input_scale,
        "mean": settings.input_mean,
        "std": settings.input_std,
    }
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if size is not None:
        changes["long_side"] = None
    return replace(card, input=replace(card.input, **changes)) if changes else card


def _center_estimator(card: ModelCard, settings: EstimatorConfig, streams: int) -> Estimator:
    profile = find_profile(settings.profile)
    single = find_model(_SINGLE_PERSON_MODEL) if profile.refined else None
    return build_center_estimator(
        profile,
        _load(card, settings, streams),
        _load(single, settings, streams) if single else None,
        card.topology,
        long_side=settings.long_side,
        min_score=DEFAULT_MIN_SCORE if settings.min_score is None else settings.min_score,
        stride=card.stride,
        multiple=card.input.multiple,
    )


def _paf_estimator(card: ModelCard, settings: EstimatorConfig, streams: int) -> Estimator:
    from posestream.decoding.paf import PafDecoder  # a tenth of a second that others need not wait

    min_score = _PAF_MIN_SCORE if settings.min_score is None else settings.min_score
    decoder = PafDecoder(card.topology, stride=card.stride, min_score=min_score)
    return SinglePassEstimator(
        _load(card, settings, streams),
        decoder,
        card.topology,
        rule=_rule(card.input, settings),
    )


def _rule(spec: InputSpec, settings: EstimatorConfig) -> InputRule:
    """Return how frames become inputs: as the settings say, else as card and profile do.

    Raises:
        ConfigError: If the settings ask for another size than the network's only one.
    """
    if spec.long_side is None:
        if settings.long_side is not None:
            width, height = spec.fixed_size or (0, 0)
            raise ConfigError(
                f"long_side: {settings.long_side} is not allowed; "
                f"the network takes {width} x {height} pixels only"
            )
        return spec.rule()
    multiple = spec.multiple
    usual = round(spec.long_side * _PAF_SIZES[settings.profile] / multiple) * multiple
    return spec.rule(settings.long_side or max(usual, multiple))


def _load(card: ModelCard, settings: EstimatorConfig, streams: int) -> Backend:
    return load_backend(
        card,
        backend=settings.backend,
        provider=settings.provider,
        require_provider=settings.require_provider,
        device=settings.device,
        precision=settings.precision,
        threads=settings.threads,
        streams=streams,
        workspace_mb=settings.workspace_mb,
    )


def build_pool(
    settings: EstimatorConfig, *, clock: StageClock, secondary: Sequence[SecondaryConfig] = ()
) -> tuple[Estimator, Inspector | None, EstimatorPool]:
    """Make what finds people, what else looks at them, and the threads that use both.

    There are as many threads, working side by side, as the settings allow.
    """
    workers = settings.threads or usable_cores()
    inspector = build_inspector(secondary, settings, streams=workers)
    estimator = build_estimator(settings, streams=workers)
    pool = EstimatorPool(estimator, workers=workers, clock=clock, inspector=inspector)
    return estimator, inspector, pool


def described(
    settings: EstimatorConfig, estimator: Estimator, inspector: Inspector | None = None
) -> str:
    """Say what really runs: model, profile, passes, library, device, precision, threads."""
    others = f"; {inspector.description}" if inspector else ""
    return f"{settings.model}, {settings.profile}: {estimator.description}{others}"


def build_annotator(settings: OverlayConfig, topology: Topology) -> Annotator:
    """Make what draws."""
    return Annotator(
        topology,
        min_keypoint_score=settings.draw_threshold,
        line_width=settings.line_width,
        boxes=settings.boxes,
        labels=settings.labels,
        frame_number=settings.frame_number,
        blur_faces=settings.blur_faces,
    )

"""Settings of secondary models in, what looks out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from posestream.assembly_devices import one_device
from posestream.config import EstimatorConfig
from posestream.config_secondary import SecondaryConfig
from posestream.errors import ConfigError, ModelError, suggestion
from posestream.inference import Backend
from posestream.inference.loading import load_backend
from posestream.models.card import SECONDARY_FAMILIES, ModelCard
from posestream.models.registry import find_model
from posestream.secondary import ObjectDecoder
from posestream.secondary.carrying import Interval, StreamFindings
from posestream.secondary.classifier import SecondaryClassifier
from posestream.secondary.crops import CropRule
from posestream.secondary.detector import SecondaryDetector
from posestream.secondary.end_to_end import EndToEndDecoder
from posestream.secondary.inspector import Inspector, SecondaryModel
from posestream.secondary.looking import Looker
from posestream.secondary.nanodet import NanoDetDecoder

_LEAST_OBJECT = 0.4
_LEAST_LABEL = 0.5
_MOST_TOGETHER = 8
"""Crops in a run of a network of free batch: small ones run a fifth faster than alone."""


def build_inspector(
    settings: Sequence[SecondaryConfig], main: EstimatorConfig, *, streams: int = 1
) -> Inspector | None:
    """Make what looks at frames and people besides the main model; None for no models.

    Args:
        settings: The secondary models.
        main: The main model's settings, which fill in what the others leave open.
        streams: How many calls of `Inspector.inspect` run side by side, sharing the threads.

    Raises:
        ConfigError: If a labels file cannot be read, or a label to keep is unknown.
        ModelError: If a model cannot be used.
        MissingDependencyError: If its library is not installed.
    """
    return Inspector([_model(one, main, streams) for one in settings]) if settings else None


def build_stream_findings(settings: Sequence[SecondaryConfig]) -> StreamFindings | None:
    """Make what keeps one stream's findings from frame to frame; None for no models."""
    if not settings:
        return None
    return StreamFindings({one.called: _interval(one.interval) for one in settings})


def _model(settings: SecondaryConfig, main: EstimatorConfig, streams: int) -> SecondaryModel:
    card = _card(settings)
    classifies = card.family == "classifier"
    on = settings.on or ("people" if classifies else "frame")
    backend = _backend(card, settings, main, streams)
    looker = Looker(
        backend=backend,
        rule=card.input.rule(),
        crops=_crops(settings) if on == "people" else None,
        batch_size=settings.batch_size or card.input.batch or _MOST_TOGETHER,
    )
    keep = _kept(settings, card.labels)
    threshold = settings.threshold
    if classifies:
        return SecondaryClassifier(
            settings.called,
            looker,
            activation=card.activation,
            threshold=_LEAST_LABEL if threshold is None else threshold,
            names=card.labels,
            keep=keep,
        )
    decoder = _decoder(card, _LEAST_OBJECT if threshold is None else threshold)
    return SecondaryDetector(settings.called, looker, decoder, names=card.labels, keep=keep)


def _decoder(card: ModelCard, threshold: float) -> ObjectDecoder:
    if card.family == "nanodet":
        return NanoDetDecoder(threshold=threshold)
    return EndToEndDecoder(threshold=threshold, classes=len(card.labels))


def _card(settings: SecondaryConfig) -> ModelCard:
    card = settings.applied_to(find_model(settings.model, card=settings.card))
    if card.family not in SECONDARY_FAMILIES:
        raise ModelError(
            f"secondary {settings.called!r}: family {card.family!r} is not allowed; "
            f"allowed: {', '.join(SECONDARY_FAMILIES)}"
        )
    if settings.labels:
        card = replace(card, labels=_labels(settings.labels))
    if settings.batch_size:
        batch = 1 if settings.batch_size == 1 else None
        card = replace(card, input=replace(card.input, batch=batch))
    return card


def _labels(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"secondary: labels: cannot read {str(file)!r}: {error}") from None
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise ConfigError(f"secondary: labels: {str(file)!r} is empty; allowed: a label per line")
    return tuple(line.strip() for line in lines)


def _kept(settings: SecondaryConfig, labels: tuple[str, ...]) -> list[int] | None:
    for label in settings.keep:
        if label not in labels:
            hint = suggestion(label, labels) if labels else " It has no labels; give a labels file."
            raise ConfigError(
                f"secondary {settings.called!r}: keep: {label!r} is not one of its labels.{hint}"
            )
    return [labels.index(label) for label in settings.keep] or None


def _crops(settings: SecondaryConfig) -> CropRule:
    return CropRule(padding=settings.padding, min_size=settings.min_size)


def _interval(text: str) -> Interval:
    """Read an interval that settings have checked."""
    if text.endswith("s"):
        return Interval(seconds=float(text.removesuffix("s")))
    return Interval(frames=int(text))


def _backend(
    card: ModelCard, settings: SecondaryConfig, main: EstimatorConfig, streams: int
) -> Backend:
    precision = "auto" if main.precision == "int8" else main.precision  # a file's own, not all's
    return load_backend(
        card,
        backend=settings.backend or main.backend,
        provider=main.provider,
        require_provider=main.require_provider,
        device=one_device(main),
        precision=settings.precision or precision,
        threads=main.threads,
        streams=streams,
        workspace_mb=main.workspace_mb,
    )

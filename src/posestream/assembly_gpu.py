"""Stands in for what helper looks writes."""

from __future__ import annotations

from posestream.config import EstimatorConfig
from posestream.errors import ConfigError
from posestream.estimation import Estimator
from posestream.models.card import ModelCard


def build_gpu_estimator(card: ModelCard, settings: EstimatorConfig, *, device: int) -> Estimator:
    """Refuse."""
    raise ConfigError(f"device: cuda:{device} is not allowed yet with {card.name!r}")

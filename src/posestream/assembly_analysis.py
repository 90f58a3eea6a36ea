"""Settings of analysis in, what follows one stream's people out."""

from __future__ import annotations

from posestream.analysis import StreamAnalysis
from posestream.analytics.activities import ActivityRecogniser
from posestream.analytics.fall_settings import FallSettings
from posestream.analytics.falls import FallDetector
from posestream.config_analysis import AnalysisConfig
from posestream.errors import ConfigError
from posestream.topology import Topology
from posestream.tracking.smoothing import PoseSmoother
from posestream.tracking.tracker import PoseTracker


def build_analysis(
    settings: AnalysisConfig, topology: Topology, *, stream: str
) -> StreamAnalysis | None:
    """Make what follows the people of one stream; None where nothing needs that.

    Args:
        settings: What is wanted.
        topology: What the keypoints mean.
        stream: Name of the stream, for events.

    Raises:
        ConfigError: If the network's keypoints are too few for it.
    """
    if not settings.follows:
        return None
    return StreamAnalysis(
        PoseTracker(topology),
        smoother=PoseSmoother() if settings.smooth else None,
        recogniser=_recogniser(settings, topology, stream) if settings.activities else None,
        falls=_falls(settings, topology, stream) if settings.falls else None,
    )


def check_analysis(settings: AnalysisConfig, topology: Topology) -> None:
    """Refuse what cannot be made of a network's keypoints, before any work.

    Raises:
        ConfigError: Naming the key.
    """
    build_analysis(settings, topology, stream="")


def _recogniser(settings: AnalysisConfig, topology: Topology, stream: str) -> ActivityRecogniser:
    try:
        return ActivityRecogniser(topology, stream=stream, roll_deg=settings.camera_roll)
    except ValueError as error:
        raise ConfigError(f"activities: {error}") from None


def _falls(settings: AnalysisConfig, topology: Topology, stream: str) -> FallDetector:
    bounds = FallSettings(long_lie_s=settings.long_lie)
    try:
        return FallDetector(topology, stream=stream, settings=bounds, roll_deg=settings.camera_roll)
    except ValueError as error:
        raise ConfigError(f"falls: {error}") from None

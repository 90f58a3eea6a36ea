"""Settings of analysis in, what follows one stream's people out."""

from __future__ import annotations

from dataclasses import replace

from posestream.analysis import StreamAnalysis
from posestream.analytics.activities import ActivityRecogniser
from posestream.analytics.fall_settings import FallSettings
from posestream.analytics.falls import FallDetector
from posestream.assembly_zones import speed_meter, zone_watcher
from posestream.config import EstimatorConfig
from posestream.config_analysis import AnalysisConfig
from posestream.config_zones import ZonesConfig
from posestream.errors import ConfigError
from posestream.families import usual_min_score
from posestream.models.registry import find_model
from posestream.topology import Topology
from posestream.tracking.smoothing import PoseSmoother
from posestream.tracking.tracker import PoseTracker

_FAINT_SCORE = 0.1


def with_faint_poses(
    settings: EstimatorConfig, analysis: AnalysisConfig
) -> tuple[EstimatorConfig, float]:
    """Let a network report the faint poses of people who fall, where that is looked for.

    Returns:
        The settings, and the least score of somebody nobody follows who is to be shown.
    """
    if not analysis.falls or settings.min_score is not None:
        return settings, 0.0
    usual = usual_min_score(find_model(settings.model, card=settings.card))
    faint = min(_FAINT_SCORE, usual)
    return settings.model_copy(update={"min_score": faint}), usual


def build_analysis(
    settings: AnalysisConfig,
    topology: Topology,
    *,
    stream: str,
    places: ZonesConfig | None = None,
    shown_score: float = 0.0,
) -> StreamAnalysis | None:
    """Make what follows the people of one stream; None where nothing needs that.

    Args:
        settings: What is wanted.
        topology: What the keypoints mean.
        stream: Name of the stream, for events.
        places: What is watched in it.
        shown_score: Least score of somebody nobody follows who is to be shown.

    Raises:
        ConfigError: If the network's keypoints are too few for it.
    """
    places = places or ZonesConfig()
    if not (settings.follows or places.zones or places.lines or places.ground):
        return None
    return StreamAnalysis(
        PoseTracker(topology),
        smoother=PoseSmoother() if settings.smooth else None,
        recogniser=_recogniser(settings, topology, stream) if settings.activities else None,
        falls=_falls(settings, places, topology, stream) if settings.falls else None,
        zones=zone_watcher(places, topology, stream=stream),
        speeds=speed_meter(places, topology),
        shown_score=shown_score,
    )


def _recogniser(settings: AnalysisConfig, topology: Topology, stream: str) -> ActivityRecogniser:
    try:
        return ActivityRecogniser(topology, stream=stream, roll_deg=settings.camera_roll)
    except ValueError as error:
        raise ConfigError(f"activities: {error}") from None


def _falls(
    settings: AnalysisConfig, places: ZonesConfig, topology: Topology, stream: str
) -> FallDetector:
    bounds = FallSettings(long_lie_s=settings.long_lie)
    beds = {name: replace(bounds, enabled=False) for name, z in places.zones.items() if not z.falls}
    try:
        return FallDetector(
            topology,
            stream=stream,
            settings=bounds,
            zone_settings=beds,
            roll_deg=settings.camera_roll,
        )
    except ValueError as error:
        raise ConfigError(f"falls: {error}") from None

"""Poses -> Tracks: identities that last, gaps filled, motion smoothed, frames between frames."""

from posestream.tracking.interpolation import between
from posestream.tracking.smoothing import PoseSmoother
from posestream.tracking.tracker import PoseTracker, Tracked

__all__ = ["PoseSmoother", "PoseTracker", "Tracked", "between"]

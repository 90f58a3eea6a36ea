"""Poses -> Tracks: identities that last, gaps filled, motion smoothed, frames between frames."""

from posestream.tracking.tracker import PoseTracker, Tracked

__all__ = ["PoseTracker", "Tracked"]

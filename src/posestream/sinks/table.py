"""The flat table of CSV and Parquet: one row per person and frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.sinks.keypoints import scored_points
from posestream.topology import Topology
from posestream.types import Result

BOX_COLUMNS = ("left", "top", "right", "bottom")
LEADING_COLUMNS = ("stream", "file", "frame", "pts_s", "id", "score", *BOX_COLUMNS)


def column_names(topology: Topology) -> list[str]:
    """Return ``stream, file, frame, ...`` and x, y and score of every keypoint."""
    keypoints = (f"{name}_{what}" for name in topology.keypoints for what in ("x", "y", "score"))
    return [*LEADING_COLUMNS, *keypoints]


def numbers(result: Result) -> npt.NDArray[np.float64]:
    """Return ``(P, 5 + 3K)`` of the columns from ``score`` on, rounded; NaN where missing."""
    poses = result.poses
    points = scored_points(poses, missing=np.nan)
    boxes = np.where(np.isfinite(poses.boxes), poses.boxes, np.nan).astype(np.float64)
    columns = [poses.scores.astype(np.float64)[:, None].round(4), boxes.round(2)]
    return np.hstack([*columns, points.reshape(len(poses), 3 * len(result.topology.keypoints))])

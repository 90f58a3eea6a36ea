"""People's keypoints as rows of numbers, in the order that a format wants."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.errors import ConfigError
from posestream.types import Poses, Result


def scored_points(poses: Poses, *, missing: float) -> npt.NDArray[np.float64]:
    """Return ``(P, K, 3)`` x, y, score to three decimals; ``missing`` thrice where not found."""
    points = np.concatenate([poses.keypoints, poses.keypoint_scores[..., None]], axis=2)
    found = (poses.keypoint_scores > 0) & np.isfinite(points).all(axis=2)
    return np.where(found[..., None], points.astype(np.float64).round(3), missing)


def named_points(
    result: Result, names: tuple[str, ...], *, needed_by: str
) -> npt.NDArray[np.float64]:
    """Return ``(P, N, 3)`` x, y, score of keypoints by name; zeros for what there is not.

    Args:
        result: One frame.
        names: ``N`` keypoints in the format's order.
        needed_by: Name of the format.

    Raises:
        ConfigError: If the topology has none of the names.
    """
    topology = result.topology
    place = {name: k for k, name in enumerate(topology.keypoints)}
    columns = [place.get(name, -1) for name in names]
    if max(columns) < 0:
        raise ConfigError(
            f"formats: {needed_by} holds people's keypoints, and topology {topology.name!r} "
            f"has none of them; use jsonl or csv"
        )
    known = [n for n, column in enumerate(columns) if column >= 0]
    named = np.zeros((len(result.poses), len(names), 3))
    if len(named):
        points = scored_points(result.poses, missing=0)
        named[:, known] = points[:, [columns[n] for n in known]]
    return named

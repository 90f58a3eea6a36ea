"""Where people are: on their feet, or with chosen keypoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.errors import ConfigError, suggestion
from posestream.topology import Topology
from posestream.types import Poses
from posestream.zones import Anchor

Floats = npt.NDArray[np.float64]

KNEE_DROP, HIP_DROP = 0.69, 1.38
"""How far ankles are below knees and hips, in heights of the torso from shoulders to hips."""
_FAR = 1e7


class Anchors:
    """Finds the points of people that count.

    Args:
        topology: What the keypoints mean.
        anchors: What is asked for, each once.
        min_keypoint_score: Least score of a keypoint that counts.

    Raises:
        ConfigError: If a keypoint is none of the topology's.
    """

    def __init__(
        self, topology: Topology, anchors: Sequence[Anchor], *, min_keypoint_score: float
    ) -> None:
        self._columns = [keypoint_columns(anchor, topology) for anchor in anchors]
        index = {name: k for k, name in enumerate(topology.keypoints)}
        parts = ("shoulder", "hip", "knee", "ankle")
        self._body = [
            [index[name] for name in (f"left_{part}", f"right_{part}") if name in index]
            for part in parts
        ]
        self._min_score = min_keypoint_score

    def find(self, poses: Poses, size: tuple[int, int]) -> tuple[Floats, list[Floats]]:
        """Return where everybody stands, and the points of each anchor.

        Args:
            poses: ``P`` people.
            size: Width and height of the frame; points outside come to its edge.

        Returns:
            ``(P, 2)`` feet and for each anchor ``(P, A, 2)`` points, frame pixels; NaN where
            nobody can tell.
        """
        sure = poses.keypoint_scores >= self._min_score
        sure &= np.abs(poses.keypoints).max(axis=2, initial=0) < _FAR  # False of what is no number
        points = np.where(sure[..., None], poses.keypoints, np.nan).astype(np.float64)
        most = np.array(size, np.float64)
        ground = np.clip(self._feet(points, poses.boxes), 0, most)
        inside = np.clip(points, 0, most)
        return ground, [
            inside[:, columns] if columns else ground[:, None] for columns in self._columns
        ]

    def _feet(self, points: Floats, boxes: npt.NDArray[np.float32]) -> Floats:
        """Return ``(P, 2)`` ankles, or what knees, hips or the box say of them."""
        shoulders, hips, knees, ankles = (_mean(points[:, part]) for part in self._body)
        torso = np.zeros_like(hips)
        # Nothing hangs below the hips of somebody who lies; nor upwards of who stands on their head
        torso[:, 1] = np.fmax(hips[:, 1] - shoulders[:, 1], 0)
        torso[np.isnan(hips[:, 1] - shoulders[:, 1])] = np.nan
        box = boxes.astype(np.float64)
        middle = np.where(np.isfinite(box), box, np.nan)[:, [0, 2]].mean(axis=1)
        bottom = np.stack([middle, box[:, 3]], axis=1)
        bottom[~(np.abs(bottom) < _FAR).all(axis=1)] = np.nan
        feet = ankles
        for other in (knees + KNEE_DROP * torso, hips + HIP_DROP * torso, bottom):
            feet = np.where(np.isnan(feet), other, feet)
        return feet


def keypoint_columns(anchor: Anchor, topology: Topology) -> list[int]:
    """Return the columns of an anchor's keypoints; none for the feet.

    Raises:
        ConfigError: If a keypoint is none of the topology's.
    """
    for name in anchor.keypoints:
        if name not in topology.keypoints:
            hint = suggestion(name, topology.keypoints) or (
                f" Allowed: feet, {', '.join(topology.keypoints)}."
            )
            raise ConfigError(f"no keypoint {name!r} in topology {topology.name!r}.{hint}")
    return [topology.keypoints.index(name) for name in anchor.keypoints]


def extents(poses: Poses, size: tuple[int, int]) -> Floats:
    """Return ``(P,)`` the long side of each person's box, pixels, no more than the frame's.

    A tenth of the frame's height where the box is none.
    """
    box = poses.boxes.astype(np.float64)
    with np.errstate(invalid="ignore"):
        sides = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    usable = (sides > 1) & (sides < _FAR)
    return np.minimum(np.where(usable, sides, 0.1 * size[1]), max(size))


def _mean(points: Floats) -> Floats:
    """Return ``(P, 2)`` the mean of the ``(P, N, 2)`` points that are there; NaN of none."""
    there = ~np.isnan(points[..., :1])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(there, points, 0).sum(axis=1) / there.sum(axis=1)

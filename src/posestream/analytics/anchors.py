"""Where people are: on their feet, or with chosen keypoints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
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
        self._body = np.array(
            [[index.get(f"{side}_{part}", -1) for side in ("left", "right")] for part in parts],
            np.int64,
        )
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
        feet = np.empty((len(poses), 2))
        find_feet(
            poses.keypoints, poses.keypoint_scores, poses.boxes, self._body, self._min_score, feet
        )
        most = np.asarray(size, np.float64)
        np.clip(feet, 0, most, out=feet)
        return feet, [
            self._chosen(poses, columns, most) if columns else feet[:, None]
            for columns in self._columns
        ]

    def _chosen(self, poses: Poses, columns: list[int], most: Floats) -> Floats:
        """Return ``(P, A, 2)`` keypoints; NaN where they are not sure."""
        points = poses.keypoints[:, columns].astype(np.float64)
        sure = poses.keypoint_scores[:, columns] >= self._min_score
        sure &= (np.abs(points) < _FAR).all(axis=2)  # False of what is no number
        return np.clip(np.where(sure[..., None], points, np.nan), 0, most)


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


@compiled(allocates=False)
def find_feet(
    keypoints: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    boxes: npt.NDArray[np.float32],
    body: npt.NDArray[np.int64],
    min_score: float,
    out: Floats,
) -> None:
    """Find ankles, or what knees, hips or the box say of them.

    Args:
        keypoints: ``(P, K, 2)`` pixels.
        scores: ``(P, K)``.
        boxes: ``(P, 4)`` pixels.
        body: ``(4, 2)`` left and right shoulder, hip, knee, ankle; -1 for none.
        min_score: Least score of a keypoint that counts.
        out: ``(P, 2)`` feet, written; NaN where nobody can tell.
    """
    for p in range(len(keypoints)):
        x, y = _middle(keypoints[p], scores[p], body[3], min_score)
        if np.isnan(x):
            _, shoulder_y = _middle(keypoints[p], scores[p], body[0], min_score)
            hip_x, hip_y = _middle(keypoints[p], scores[p], body[1], min_score)
            knee_x, knee_y = _middle(keypoints[p], scores[p], body[2], min_score)
            # Nothing hangs below the hips of somebody who lies, or stands on their head.
            torso = hip_y - shoulder_y
            if torso < 0:
                torso = 0.0
            x, y = knee_x, knee_y + KNEE_DROP * torso
            if np.isnan(y):
                x, y = hip_x, hip_y + HIP_DROP * torso
        if np.isnan(y):
            x, y = (boxes[p, 0] + boxes[p, 2]) / 2, boxes[p, 3]
        known = abs(x) < _FAR and abs(y) < _FAR
        out[p, 0], out[p, 1] = (x, y) if known else (np.nan, np.nan)


@compiled(cached=False, allocates=False)
def _middle(
    points: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    pair: npt.NDArray[np.int64],
    min_score: float,
) -> tuple[float, float]:
    """Return the middle of those of two keypoints that are sure; NaN of none."""
    x, y, count = 0.0, 0.0, 0
    for side in range(2):
        k = pair[side]
        if k >= 0 and scores[k] >= min_score and abs(points[k, 0]) + abs(points[k, 1]) < _FAR:
            x, y, count = x + points[k, 0], y + points[k, 1], count + 1
    return x / count, y / count  # NaN of nothing by nothing

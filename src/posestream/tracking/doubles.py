"""Poses of somebody whom the network found twice."""

from __future__ import annotations

import math

import numpy as np

from posestream.compilation import compiled
from posestream.tracking.similarity import body_size, overlap

_BOXED = 0.3
"""Overlap of boxes from which a closer look is worth its while."""
_TWIN = 0.75
"""Likeness of keypoints from which two poses are one person's."""
_BROAD = 1.3
"""How much farther apart than two annotators' their keypoints lie."""


@compiled(cached=False)
def doubles(poses, sigmas):
    """Say which poses are nearly those of somebody surer in the same frame.

    Args:
        poses: Keypoints, keypoint scores, scores and boxes of ``P`` people.
        sigmas: ``(K,)`` spread of the topology's keypoints.

    Returns:
        ``(P,)`` True for a double.
    """
    people = len(poses[2])
    double = np.zeros(people, np.bool_)
    for p in range(people):
        for q in range(people):
            surer = poses[2][q] > poses[2][p] or (poses[2][q] == poses[2][p] and q < p)
            if p == q or not surer or double[q] or double[p]:
                continue
            if overlap(poses[3][p], poses[3][q], 0.0, 0.0) > _BOXED:
                double[p] = _is_twin(poses, p, q, sigmas)
    return double


@compiled(cached=False, allocates=False)
def _is_twin(poses, p, q, sigmas):
    """Say whether the keypoints that two poses share are in the same places."""
    size = body_size(poses[3][q])
    alike, weights = 0.0, 0.0
    for k in range(len(sigmas)):
        weight = np.float64(poses[1][p, k]) * poses[1][q, k]
        if weight > 0.0:
            spread = _BROAD * 2.0 * sigmas[k] * size
            dx = (np.float64(poses[0][p, k, 0]) - poses[0][q, k, 0]) / spread
            dy = (np.float64(poses[0][p, k, 1]) - poses[0][q, k, 1]) / spread
            alike += weight * math.exp(-0.5 * (dx * dx + dy * dy))
            weights += weight
    return weights > 0.0 and alike > _TWIN * weights

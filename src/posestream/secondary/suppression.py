"""Candidates of objects: the sure ones, each object once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox
from posestream.secondary import Objects

MOST_CANDIDATES = 1000
"""The best so many take part in suppression; a detector that is sure of more sees noise."""


def sure_objects(
    boxes: npt.NDArray[np.float32],
    scores: npt.NDArray[np.float32],
    classes: npt.NDArray[np.int64],
    *,
    threshold: float,
) -> Objects:
    """Return what reaches a score, best first, without what is not a box.

    Args:
        boxes: ``(N, 4)``.
        scores: ``(N,)``; over 1 counts as 1.
        classes: ``(N,)``.
        threshold: Least score; 0 itself is never enough.
    """
    real = np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    real &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    sure = np.flatnonzero(real & (scores >= threshold) & (scores > 0))
    order = sure[np.argsort(-scores[sure], kind="stable")][:MOST_CANDIDATES]
    return boxes[order], np.minimum(scores[order], 1), classes[order]


def suppressed(objects: Objects, *, max_overlap: float) -> Objects:
    """Return objects without those that overlap a better one of their class.

    Args:
        objects: Best first.
        max_overlap: Intersection over union up to which both stay.

    Source:
        Felzenszwalb et al. 2010, non-maximum suppression.
    """
    boxes, scores, classes = objects
    alive = np.ones(len(scores), bool)
    kept = []
    for n in range(len(scores)):
        if alive[n]:
            kept.append(n)
            same = alive & (classes == classes[n])
            alive &= ~(same & (overlaps(boxes[n : n + 1], boxes)[0] > max_overlap))
    return boxes[kept], scores[kept], classes[kept]


def overlaps(
    first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return ``(M, N)`` intersections over unions of ``(M, 4)`` and ``(N, 4)`` boxes."""
    a = np.nan_to_num(first[:, None].astype(np.float64), posinf=0, neginf=0)
    b = np.nan_to_num(second[None].astype(np.float64), posinf=0, neginf=0)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    inside = np.clip(sides, 0, None).prod(axis=2)
    areas = [np.clip(box[..., 2:] - box[..., :2], 0, None).prod(axis=2) for box in (a, b)]
    union = areas[0] + areas[1] - inside
    return np.divide(inside, union, out=np.zeros_like(inside), where=union > 0).astype(np.float32)


def in_picture(boxes: npt.NDArray[np.float32], letterbox: Letterbox) -> npt.NDArray[np.float32]:
    """Turn ``(N, 4)`` boxes of a network input into boxes of its picture, clipped to it."""
    corners = letterbox.frame_from_input(boxes.reshape(-1, 2, 2))
    return np.clip(corners, 0, np.array(letterbox.frame_size, np.float32)).reshape(-1, 4)

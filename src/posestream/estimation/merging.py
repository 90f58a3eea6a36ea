"""Put people together who were found in several passes over one frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.decoding.centers_suppression import unsuppressed
from posestream.types import Poses


def concatenated(parts: Sequence[Poses]) -> Poses:
    """Put poses of one frame into one table, in the order given."""
    return Poses(
        np.concatenate([part.keypoints for part in parts]),
        np.concatenate([part.keypoint_scores for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.boxes for part in parts]),
    )


def with_scores(poses: Poses, scores: npt.NDArray[np.float32]) -> Poses:
    """Return the same people with other confidences, best first."""
    scores = np.asarray(scores, np.float32)
    order = np.argsort(-scores, kind="stable")
    return Poses(poses.keypoints, poses.keypoint_scores, scores, poses.boxes)[order]


def distinct(poses: Poses, sigmas: npt.NDArray[np.float32], *, suppression: float) -> Poses:
    """Keep the best pose of everybody.

    Args:
        poses: Best first.
        sigmas: ``(K,)`` tolerances of object keypoint similarity.
        suppression: Similarity from which the lesser of two poses is left out.
    """
    return poses[unsuppressed(poses.keypoints, sigmas, suppression)]

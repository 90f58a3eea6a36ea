"""People of one frame in cells of the maps, and as poses in its pixels."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.decoding.people import bounded, rank_people
from posestream.geometry import Letterbox
from posestream.types import Poses

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Cells:
    """People of one frame, in cells."""

    points: Floats
    """``(P, K, 2)``; NaN where missing."""
    point_scores: Floats
    """``(P, K)``."""
    scores: Floats
    """``(P,)``, best first."""

    @classmethod
    def nobody(cls, keypoints: int) -> Cells:
        """Return an empty frame."""
        shapes = ((0, keypoints, 2), (0, keypoints), (0,))
        return cls(*(np.zeros(shape, np.float32) for shape in shapes))

    def poses(self, letterbox: Letterbox, *, stride: int) -> Poses:
        """Turn cells into pixels of the frame; points stay inside it."""
        if len(self.scores) == 0:
            return Poses.empty(self.points.shape[1])
        width, height = letterbox.content_size
        points = bounded(self.points, width / stride, height / stride)
        points = letterbox.frame_from_heatmap(points, stride=stride)
        return Poses(points[:, :-2], self.point_scores, self.scores, points[:, -2:].reshape(-1, 4))


@functools.lru_cache(maxsize=1024)
def content_cells(letterbox: Letterbox, *, stride: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Return how many of a map's rows and columns hold the frame."""
    width, height = letterbox.content_size
    return min(math.ceil(height / stride), shape[0]), min(math.ceil(width / stride), shape[1])


def cells_of_members(
    members: npt.NDArray[np.integer],
    places: Floats,
    confidences: Floats,
    size: tuple[int, int],
    *,
    min_keypoints: int,
    min_score: float,
) -> Cells:
    """Score and sort people as the ``compatible`` setting finds them.

    Args:
        members: ``(P, K)`` peak of each keypoint, -1 where there is none.
        places: ``(K, M, 2)`` row and column of every peak as shares of the map.
        confidences: ``(K, M)`` heights of the peaks.
        size: Rows and columns that hold the frame.
        min_keypoints: Keypoints that a person must have.
        min_score: Score that a person must have.
    """
    kinds = np.arange(members.shape[1])
    peak = np.maximum(members, 0)
    points = places[kinds, peak][..., ::-1] * np.array(size[::-1], np.float32)
    missing = (members < 0) | ~np.isfinite(points).all(axis=2)
    scores = np.clip(confidences[kinds, peak], 0, 1)
    points[missing], scores[missing] = np.nan, 0
    listed = np.stack([*np.moveaxis(points, 2, 0), scores], axis=2).reshape(-1, 3)
    rank = np.where(missing, -1, np.arange(missing.size).reshape(missing.shape))
    order, person_scores = rank_people(rank, listed, min_keypoints, min_score)
    return Cells(points[order], scores[order], person_scores)

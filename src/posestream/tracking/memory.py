"""What a tracker remembers of everybody: parallel arrays, row ``n`` of each is one track."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

VX, VY, AHEAD_X, AHEAD_Y, PXX, PXV, PVV = range(7)
SCALE, SEEN_S, BORN_S, SCORE, EVIDENCE = range(7, 12)
MOTION_FIELDS = 12
"""Columns of `Memory.motion`."""

IDENTITY, SIGHTINGS = range(2)
MARK_FIELDS = 2
"""Columns of `Memory.marks`."""


class Memory(NamedTuple):
    """The arrays of all tracks, with room for more; compiled code works on them in place."""

    points: npt.NDArray[np.float32]
    """``(N, K, 2)`` keypoints when last seen, pixels; NaN where never or long not found."""
    point_scores: npt.NDArray[np.float32]
    """``(N, K)`` their scores when last found."""
    point_ages: npt.NDArray[np.float32]
    """``(N, K)`` for how long each had not been found then, seconds."""
    boxes: npt.NDArray[np.float32]
    """``(N, 4)`` box when last seen, pixels."""
    motion: npt.NDArray[np.float64]
    """``(N, 12)`` velocity in pixels per second; how far the filtered place lies from ``points``,
    pixels; covariance of place and velocity in body sizes; body size, pixels; times of the last
    and first sighting; score of the person; scores of all sightings, added up."""
    marks: npt.NDArray[np.int64]
    """``(N, 2)`` identity, -1 until it is confirmed, and number of sightings."""

    @classmethod
    def empty(cls, room: int, keypoints: int) -> Memory:
        """Return room for tracks, all unused."""
        return cls(
            np.full((room, keypoints, 2), np.nan, np.float32),
            np.zeros((room, keypoints), np.float32),
            np.zeros((room, keypoints), np.float32),
            np.zeros((room, 4), np.float32),
            np.zeros((room, MOTION_FIELDS)),
            np.full((room, MARK_FIELDS), -1, np.int64),
        )

    def with_room(self, room: int) -> Memory:
        """Return the same tracks with room for more."""
        larger = Memory.empty(room, self.points.shape[1])
        for new, old in zip(larger, self, strict=True):
            new[: len(old)] = old
        return larger

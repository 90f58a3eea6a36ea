"""Where the parts of bodies are, how tall the bodies are, and how far above the ground.

Lengths are compared with a person's *stature*, the height of the whole body standing, so that
nothing depends on the size of the picture or the distance of the camera. How long parts are in
statures was measured on standing people of the COCO keypoints, which lie inside the body.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.analytics.body_parts import ANKLES, HEAD, HIPS, KNEES, SHOULDERS, BodyParts
from posestream.types import Tracks

Floats = npt.NDArray[np.float64]

TORSO, LEG, HEAD_TO_ANKLE, SHOULDER_WIDTH = 0.34, 0.47, 0.89, 0.23
"""Lengths of parts in statures: shoulders to hips, hips to ankles, eyes to ankles, shoulders."""
_FAR = 1e6
"""No picture has pixels that far out."""


@dataclass(frozen=True, slots=True, eq=False)
class Bodies:
    """Where the parts of each person are; row ``p`` of every array is the same person.

    Upwards is against gravity; ``x`` and ``y`` are frame pixels turned upright.
    """

    parts: Floats
    """``(P, 7, 2)`` middle of each part in the order of `body_parts`; NaN where not seen."""
    sides: Floats
    """``(P, 6, 2, 2)`` left and right keypoint of each part but the head; NaN where not seen."""
    statures: Floats
    """``(P,)`` the stature that the longest part suggests, pixels; NaN where too little is seen.

    A part that points at the camera looks short, so this is low rather than high."""
    extents: Floats
    """``(P,)`` diagonal of the box around all keypoints seen, pixels."""
    seen: Floats
    """``(P,)`` share of the keypoints that were seen, in [0, 1]."""

    @property
    def upper(self) -> Floats:
        """``(P, 2)`` head and shoulders: the mean of what is seen; NaN without both."""
        return _mean_seen(self.parts[:, [HEAD, SHOULDERS]])

    @property
    def hips(self) -> Floats:
        """``(P, 2)`` middle of the hips."""
        return self.parts[:, HIPS]

    @property
    def ground_y(self) -> Floats:
        """``(P,)`` lowest of hips, knees and ankles; NaN where neither knees nor ankles are seen.

        Without legs nobody can tell how far below the hips the ground is.
        """
        legs = self.parts[:, [KNEES, ANKLES], 1]
        lowest = np.fmax(np.fmax(legs[:, 0], legs[:, 1]), self.hips[:, 1])
        # A shin is a quarter of a stature: knees alone do not show the ground of standing people.
        straight = np.isnan(legs[:, 1]) & (legs[:, 0] - self.hips[:, 1] > 0.12 * self.statures)
        lowest = np.where(straight, legs[:, 0] + 0.23 * self.statures, lowest)
        return np.where(np.isnan(legs).all(axis=1), np.nan, lowest)

    @property
    def torso_degrees(self) -> Floats:
        """``(P,)`` angle of hips to shoulders from upright: 0 standing, 180 upside down."""
        across, up = (self.parts[:, SHOULDERS] - self.parts[:, HIPS]).T
        return np.degrees(np.arctan2(np.abs(across), -up))


def measure_bodies(
    tracks: Tracks, parts: BodyParts, *, min_score: float = 0.15, roll_deg: float = 0.0
) -> Bodies:
    """Find the parts of bodies among the keypoints that are sure enough.

    What tracking filled in was not seen: it says where somebody would be who went on as before.

    Args:
        tracks: The people.
        parts: Which keypoints make which part.
        min_score: Least score of a keypoint that counts.
        roll_deg: How far the camera is turned clockwise about its line of sight, degrees.
    """
    points = tracks.poses.keypoints.astype(np.float64)
    with np.errstate(invalid="ignore"):
        seen = (np.abs(points) < _FAR).all(axis=2) & ~tracks.filled
        seen &= tracks.poses.keypoint_scores >= min_score
    points = np.where(seen[..., None], points, 0)
    if roll_deg:
        points = points @ _rotation(roll_deg)
    weights = parts.members
    counts = seen @ weights.T
    with np.errstate(invalid="ignore", divide="ignore"):
        middles = np.matmul(weights[None], points) / counts[..., None]
    pairs = parts.pairs
    paired = seen[:, pairs] & (pairs >= 0)
    sides = np.where(paired[..., None], points[:, pairs], np.nan)
    shoulders = sides[:, SHOULDERS - 1]
    width = _distance(shoulders[:, 0], shoulders[:, 1])
    statures = _statures(middles, width)
    return Bodies(middles, sides, statures, _extents(points, seen), seen.mean(axis=1))


def _extents(points: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    high = np.where(seen[..., None], points, -np.inf).max(axis=1)
    low = np.where(seen[..., None], points, np.inf).min(axis=1)
    return np.where(seen.any(axis=1), np.hypot(*np.maximum(high - low, 0).T), 0)


def _statures(parts: Floats, shoulder_width: Floats) -> Floats:
    head, shoulders, hips, knees, ankles = (
        parts[:, part] for part in (HEAD, SHOULDERS, HIPS, KNEES, ANKLES)
    )
    torso = _distance(shoulders, hips) / TORSO
    leg = (_distance(hips, knees) + _distance(knees, ankles)) / LEG
    whole = _distance(head, ankles) / HEAD_TO_ANKLE
    long = np.fmax(np.fmax(torso, leg), whole)
    long = np.where(np.isnan(long), shoulder_width / SHOULDER_WIDTH, long)
    return np.where(long >= 1, long, np.nan)


def _distance(first: Floats, second: Floats) -> Floats:
    return np.hypot(*(first - second).T)


def _mean_seen(values: Floats) -> Floats:
    """Return the mean over axis 1 of what is not NaN, without numpy's warning."""
    seen = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.where(seen, values, 0).sum(axis=1) / seen.sum(axis=1)


def _rotation(degrees: float) -> Floats:
    """Return the matrix that turns row vectors clockwise as a picture is seen."""
    turn = math.radians(degrees)
    return np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])

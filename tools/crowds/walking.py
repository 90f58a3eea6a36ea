"""How a body looks while it walks or stands: COCO's 17 keypoints from where and when."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.topology import COCO_17

Array = npt.NDArray[np.float64]

_NAMES = {name: k for k, name in enumerate(COCO_17.keypoints)}
_THIGH, _SHANK, _UPPER_ARM, _FOREARM = 0.24, 0.23, 0.19, 0.17
_HIPS, _SHOULDERS, _EYES = 0.51, 0.82, 0.945
"""Heights over the ground, in body heights."""


def bodies(feet: Array, heights: Array, headings: Array, phases: Array, strides: Array) -> Array:
    """Return the keypoints of people on their way.

    Args:
        feet: ``(..., 2)`` where they stand, pixels.
        heights: ``(...)`` body heights, pixels.
        headings: ``(...)`` angle of the way they face; 0 is to the right, pi / 2 to the camera.
        phases: ``(...)`` where in a double step they are, radians.
        strides: ``(...)`` how far the legs swing, 0 for somebody who stands.

    Returns:
        ``(..., 17, 2)`` pixels.
    """
    points = np.zeros((*feet.shape[:-1], 17, 2))
    sideways, across = np.cos(headings), np.sin(headings)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        swing = np.sin(phases if side == "left" else phases + np.pi) * strides
        knee_bend = (
            0.6 * strides * np.maximum(0, np.cos(phases if side == "left" else phases + np.pi))
        )
        hip = _at(points, f"{side}_hip", sign * 0.08 * across, _HIPS)
        knee = _limb(points, f"{side}_knee", hip, swing * 0.5, _THIGH, sideways)
        _limb(points, f"{side}_ankle", knee, swing * 0.5 - knee_bend, _SHANK, sideways)
        shoulder = _at(points, f"{side}_shoulder", sign * 0.12 * across, _SHOULDERS)
        arm = -0.45 * swing
        elbow = _limb(points, f"{side}_elbow", shoulder, arm, _UPPER_ARM, sideways)
        _limb(points, f"{side}_wrist", elbow, arm + 0.15 + 0.2 * strides, _FOREARM, sideways)
        _at(points, f"{side}_eye", 0.05 * sideways + sign * 0.02 * across, _EYES)
        _at(points, f"{side}_ear", -0.01 * sideways + sign * 0.045 * across, _EYES - 0.01)
    _at(points, "nose", 0.065 * sideways, _EYES - 0.02)
    points[..., 1] += (0.012 * strides * np.cos(2 * phases))[..., None]
    points *= heights[..., None, None]
    points[..., 1] *= -1
    return points + feet[..., None, :]


def _at(points: Array, name: str, x: Array, height: float) -> Array:
    place = points[..., _NAMES[name], :]
    place[..., 0], place[..., 1] = x, height
    return place


def _limb(
    points: Array, name: str, start: Array, angle: Array, length: float, sideways: Array
) -> Array:
    """Hang a limb on another; it swings in the plane of the walk."""
    place = points[..., _NAMES[name], :]
    place[..., 0] = start[..., 0] + np.sin(angle) * length * sideways
    place[..., 1] = start[..., 1] - np.cos(angle) * length
    return place

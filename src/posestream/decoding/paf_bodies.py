"""Know where a body's keypoints lie.

A body is a plane figure here, a mean position of each keypoint and how freely it moves; stretched,
turned and placed so that it fits what was found of a person, it tells where the rest should be.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.topology import Topology

_BODY = {
    "nose": (0.0, -0.4, 0.15),
    "eye": (0.09, -0.46, 0.15),
    "ear": (0.18, -0.43, 0.15),
    "neck": (0.0, 0.0, 0.1),
    "shoulder": (0.33, 0.0, 0.12),
    "elbow": (0.42, 0.6, 0.35),
    "wrist": (0.45, 1.1, 0.6),
    "hip": (0.22, 1.0, 0.15),
    "knee": (0.24, 1.8, 0.35),
    "ankle": (0.25, 2.6, 0.6),
}
"""Distance from the midline, distance below the neck, standard deviation; neck to hips is 1."""

_TURN, _WIDTH = 0.3, 0.3
"""How far body axis and half width stray from upright and from a side view, in torsos."""
_LOWEST_SCALE = 0.1
"""Shortest torso, cells."""
MIN_ANCHOR = 3
"""Keypoints from which a person's stance is known."""
STANCE = 13
"""Numbers that describe a stance."""


def body_shape(topology: Topology) -> npt.NDArray[np.float64]:
    """Return ``(K, 3)`` x, y and standard deviation of each keypoint in torsos.

    Empty if the topology has a keypoint that is not a human body's: such people are found by
    their limbs alone.
    """
    parts = [name.split("_")[-1] for name in topology.keypoints]
    if not set(parts) <= set(_BODY):
        return np.zeros((0, 3))
    sides = [1 if name.startswith("left_") else -1 for name in topology.keypoints]
    rows = [
        (side * _BODY[part][0], *_BODY[part][1:]) for side, part in zip(sides, parts, strict=True)
    ]
    return np.array(rows, np.float64)


@compiled(cached=False, allocates=False)
def torso_length(member, peaks, limbs, shape):
    """Return the length of a person's torso in cells as their limbs suggest, 0 without limbs."""
    seen, expected = 0.0, 0.0
    for a, b in limbs:
        if member[a] >= 0 and member[b] >= 0:
            for axis in range(2):
                seen += (peaks[member[a], axis] - peaks[member[b], axis]) ** 2
                expected += (shape[a, axis] - shape[b, axis]) ** 2
    return max(np.sqrt(seen / expected), _LOWEST_SCALE) if expected > 0 else 0.0


@compiled(cached=False, allocates=False)
def take_stance(member, peaks, limbs, shape, stances, person):
    """Fit the body to a person: place, axis and half width, by least squares.

    Written to column ``person`` of ``stances``: torso length; then x and y of neck, axis and half
    width in torsos; then the six entries of their covariance. The axis is held towards upright and
    the half width towards 0 as far as few keypoints leave them open.

    Only the torso length is written for a person without limbs, which is 0, or without enough
    keypoints.

    Returns:
        Whether the whole stance is known.
    """
    found = 0
    for peak in member:
        found += peak >= 0
    scale = stances[0, person] = torso_length(member, peaks, limbs, shape)
    if found < MIN_ANCHOR or scale == 0:
        return False
    n00 = n01 = n02 = n12 = x0 = x1 = x2 = y0 = y1 = y2 = 0.0
    n11, n22 = _TURN**-2, _WIDTH**-2
    y1 = n11
    for k in range(len(member)):
        if member[k] < 0:
            continue
        side, down, weight = shape[k, 0], shape[k, 1], shape[k, 2] ** -2
        x, y = peaks[member[k], 0] / scale * weight, peaks[member[k], 1] / scale * weight
        n00, n01, n02 = n00 + weight, n01 + weight * down, n02 + weight * side
        n11, n12 = n11 + weight * down * down, n12 + weight * down * side
        n22 += weight * side * side
        x0, x1, x2 = x0 + x, x1 + x * down, x2 + x * side
        y0, y1, y2 = y0 + y, y1 + y * down, y2 + y * side
    c00, c01, c02 = n11 * n22 - n12 * n12, n02 * n12 - n01 * n22, n01 * n12 - n02 * n11
    c11, c12, c22 = n00 * n22 - n02 * n02, n01 * n02 - n00 * n12, n00 * n11 - n01 * n01
    scaled = 1 / (n00 * c00 + n01 * c01 + n02 * c02)
    stances[1, person] = (c00 * x0 + c01 * x1 + c02 * x2) * scaled
    stances[2, person] = (c00 * y0 + c01 * y1 + c02 * y2) * scaled
    stances[3, person] = (c01 * x0 + c11 * x1 + c12 * x2) * scaled
    stances[4, person] = (c01 * y0 + c11 * y1 + c12 * y2) * scaled
    stances[5, person] = (c02 * x0 + c12 * x1 + c22 * x2) * scaled
    stances[6, person] = (c02 * y0 + c12 * y1 + c22 * y2) * scaled
    for n, entry in enumerate((c00, c01, c02, c11, c12, c22)):
        stances[7 + n, person] = entry * scaled
    return True


@compiled(cached=False, allocates=False)
def expected(stances, person, shape, k):
    """Return x and y of where a person's keypoint should be, and its variance, in cells."""
    scale, side, down = stances[0, person], shape[k, 0], shape[k, 1]
    x = stances[1, person] + stances[3, person] * down + stances[5, person] * side
    y = stances[2, person] + stances[4, person] * down + stances[6, person] * side
    variance = shape[k, 2] * shape[k, 2] + stances[7, person]
    variance += 2 * (down * stances[8, person] + side * stances[9, person])
    variance += down * down * stances[10, person] + 2 * down * side * stances[11, person]
    variance += side * side * stances[12, person]
    return x * scale, y * scale, variance * scale * scale

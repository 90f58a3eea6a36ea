"""How alike a track and a pose are: keypoint by keypoint, and by their boxes."""

from __future__ import annotations

import math

import numpy as np

from posestream.compilation import compiled
from posestream.tracking.memory import SCALE, SEEN_S
from posestream.tracking.motion import drift

_BROAD = 1.3
"""How much farther apart than two annotators' keypoints those of two frames may lie."""
_LIMB_SPEED = 0.5
"""How fast limbs move against the body, body sizes per second."""
_AGE_S = 0.3
"""Time constant with which a keypoint that is no longer found loses weight."""
_BOX_WEIGHT = 0.08
"""Weight of the boxes, for each keypoint of the topology; one that is found has at most 1."""
_LIMBS_SWING_S = 0.3
"""Time after which limbs swing back."""
_WIDEST_SPREAD = 0.25
"""Variance up to which uncertainty makes people more alike, body sizes squared."""
_REACH = 1.2
"""Distance of two middles over which nobody is the same, in body sizes and beside uncertainty."""
_GROWN, _GROWN_BY_FEW = 0.08, 0.06
"""Standard deviation of the logarithm of a size, and how much it adds where little is seen."""
_FEW = 1.0
"""Weight of keypoints that say too little of a size."""
_LEAST_SIZE = 2.0
"""Pixels under which nobody's size falls."""


@compiled(cached=False, allocates=False)
def body_size(box):
    """Return the side of a square as large as a box, pixels; thin boxes count as half as wide."""
    width, height = np.float64(box[2]) - box[0], np.float64(box[3]) - box[1]
    long, short = max(width, height, _LEAST_SIZE), max(min(width, height), 0.0)
    return max(math.sqrt(long * short), 0.5 * long)


@compiled(cached=False, allocates=False)
def overlap(box, other, shift_x, shift_y):
    """Return the intersection over union of a box, moved, and another."""
    width = min(box[2] + shift_x, other[2]) - max(box[0] + shift_x, other[0])
    height = min(box[3] + shift_y, other[3]) - max(box[1] + shift_y, other[1])
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared = width * height
    first = (np.float64(box[2]) - box[0]) * (np.float64(box[3]) - box[1])
    second = (np.float64(other[2]) - other[0]) * (np.float64(other[3]) - other[1])
    return shared / max(first + second - shared, 1e-9)


@compiled(cached=False, allocates=False)
def is_near(memory, n, poses, p, now_s, camera):
    """Say whether the middles of a track, moved on to now, and a pose are near enough."""
    row, box, other = memory.motion[n], memory.boxes[n], poses[3][p]
    shift_x, shift_y, spread = drift(row, max(now_s - row[SEEN_S], 0.0))
    off_x = 0.5 * (np.float64(other[0]) + other[2] - box[0] - box[2]) - shift_x - camera[0]
    off_y = 0.5 * (np.float64(other[1]) + other[3] - box[1] - box[3]) - shift_y - camera[1]
    reach = (_REACH + 2.0 * math.sqrt(min(spread, 4.0))) * row[SCALE]
    return off_x * off_x + off_y * off_y < reach * reach


@compiled(cached=False, allocates=False)
def alikeness(memory, n, poses, p, now_s, sigmas, camera):
    """Return how alike track ``n``, moved on to now, and pose ``p`` are, in [0, 1].

    Keypoints count that both have, the more the surer. Distances are measured against the
    keypoints' own spread, a limb's motion and the uncertainty of the motion, in body sizes; the
    less certain a place is, the less it says to be there.

    Source:
        Keypoint similarity: the OKS of COCO's evaluation.
    """
    row, box, other = memory.motion[n], memory.boxes[n], poses[3][p]
    gap_s = max(now_s - row[SEEN_S], 0.0)
    shift_x, shift_y, spread = drift(row, gap_s)
    shift_x, shift_y = shift_x + camera[0], shift_y + camera[1]
    limb = _LIMB_SPEED * min(gap_s, _LIMBS_SWING_S)
    loose = limb * limb + min(spread, _WIDEST_SPREAD)
    weights, total = 0.0, 0.0
    keypoints = memory.points.shape[1]
    for k in range(keypoints):
        found, known = poses[1][p, k], memory.point_scores[n, k]
        if found <= 0.0 or known <= 0.0:
            continue
        dx = poses[0][p, k, 0] - memory.points[n, k, 0] - shift_x
        dy = poses[0][p, k, 1] - memory.points[n, k, 1] - shift_y
        tight = _BROAD * 2.0 * sigmas[k]
        tight *= tight
        weight = np.float64(found) * known
        if memory.point_ages[n, k] > 0.0:
            weight *= math.exp(-memory.point_ages[n, k] / _AGE_S)
        apart = (dx * dx + dy * dy) / (row[SCALE] * row[SCALE])
        likely = math.exp(-0.5 * apart / (tight + loose))
        total += weight * likely * math.sqrt(tight / (tight + loose))
        weights += weight
    by_box = _BOX_WEIGHT * keypoints
    alike = (total + by_box * overlap(box, other, shift_x, shift_y)) / (weights + by_box)
    grown = math.log(grown_by(memory, n, poses, p)) / (_GROWN + _GROWN_BY_FEW / (weights + 1e-3))
    return alike * math.exp(-0.5 * grown * grown)


@compiled(cached=False, allocates=False)
def moved(memory, n, poses, p):
    """Return how far a body has moved, pixels, and the weight of the keypoints that say so."""
    x, y, weights = 0.0, 0.0, 0.0
    for k in range(memory.points.shape[1]):
        found, known = poses[1][p, k], memory.point_scores[n, k]
        if found > 0.0 and known > 0.0:
            weight = np.float64(found) * known
            weight *= weight  # what a network is not sure of is far off rather than a little
            x += weight * (poses[0][p, k, 0] - memory.points[n, k, 0])
            y += weight * (poses[0][p, k, 1] - memory.points[n, k, 1])
            weights += weight
    if weights > 1e-3:
        return x / weights, y / weights, weights
    box, other = memory.boxes[n], poses[3][p]
    x = 0.5 * (np.float64(other[0]) + other[2] - box[0] - box[2])
    y = 0.5 * (np.float64(other[1]) + other[3] - box[1] - box[3])
    return x, y, 0.0


@compiled(cached=False, allocates=False)
def grown_by(memory, n, poses, p):
    """Return how many times as large as a track a pose is, by the keypoints that both have."""
    now_x, now_y, then_x, then_y, weights = 0.0, 0.0, 0.0, 0.0, 0.0
    now, then = 0.0, 0.0
    for k in range(memory.points.shape[1]):
        weight = np.float64(poses[1][p, k]) * memory.point_scores[n, k]
        if weight > 0.0:
            x, y = np.float64(poses[0][p, k, 0]), np.float64(poses[0][p, k, 1])
            u, v = np.float64(memory.points[n, k, 0]), np.float64(memory.points[n, k, 1])
            now_x, now_y, then_x = now_x + weight * x, now_y + weight * y, then_x + weight * u
            then_y, weights = then_y + weight * v, weights + weight
            now += weight * (x * x + y * y)
            then += weight * (u * u + v * v)
    if weights < _FEW:
        return body_size(poses[3][p]) / memory.motion[n, SCALE]
    now -= (now_x * now_x + now_y * now_y) / weights
    then -= (then_x * then_x + then_y * then_y) / weights
    return math.sqrt(max(now, weights) / max(then, weights))

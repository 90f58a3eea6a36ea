"""Tell a knock at the camera from people's own motion: everybody jumps by the same at once."""

from __future__ import annotations

import math

import numpy as np

from posestream.compilation import compiled
from posestream.tracking.memory import IDENTITY, SCALE, SEEN_S
from posestream.tracking.motion import drift
from posestream.tracking.similarity import is_near

_RECENT_S = 0.25
"""Time since the last sighting up to which somebody is a witness."""
_REACH = 0.6
"""How far a knock may move people, body sizes."""
_AGREE = 0.05
"""Standard deviation of witnesses who saw the same, body sizes."""
_STIFF = 0.06
"""The same of keypoints against the body as a whole."""
_CHOICES = 3
"""Poses that each witness may be."""
_MORE = 1.3
"""How many times as much as no shift a shift must explain."""
_LEAST_SUPPORT = 1.2
"""How many witnesses must speak for it."""


@compiled(cached=False)
def shared_shift(memory, count, poses, now_s):
    """Return x and y by which the picture moved since the last frame, pixels; mostly zeros.

    Every known person who looks like a pose that stands elsewhere speaks for the shift between
    both. The shift for which most speak counts, if it explains more than that nothing moved.
    """
    shifts = np.empty((count * _CHOICES, 4))
    heard = 0
    if len(poses[2]) > 1:
        for n in range(count):
            recent = now_s - memory.motion[n, SEEN_S] <= _RECENT_S
            if recent and memory.marks[n, IDENTITY] >= 0:
                heard = _testify(memory, n, poses, now_s, shifts, heard)
    best_x, best_y = 0.0, 0.0
    needed = max(_MORE * _support(shifts[:heard], 0.0, 0.0), _LEAST_SUPPORT)
    for i in range(heard):
        support = _support(shifts[:heard], shifts[i, 0], shifts[i, 1])
        if support > needed:
            needed, best_x, best_y = support, shifts[i, 0], shifts[i, 1]
    return best_x, best_y


@compiled(cached=False)
def move_with(memory, n, camera):
    """Move somebody out of sight with the picture."""
    if camera[0] != 0.0 or camera[1] != 0.0:
        memory.points[n, :, 0] += np.float32(camera[0])
        memory.points[n, :, 1] += np.float32(camera[1])
        memory.boxes[n, 0::2] += np.float32(camera[0])
        memory.boxes[n, 1::2] += np.float32(camera[1])


@compiled(cached=False)
def _testify(memory, n, poses, now_s, shifts, heard):
    """Add the shifts that person ``n`` speaks for: x, y, likeness of the pose, body size."""
    row = memory.motion[n]
    size = row[SCALE]
    shift_x, shift_y, _ = drift(row, now_s - row[SEEN_S])
    first = heard
    for p in range(len(poses[2])):
        if not is_near(memory, n, poses, p, now_s, (0.0, 0.0)):
            continue
        x, y, weights = 0.0, 0.0, 0.0
        for k in range(memory.points.shape[1]):
            weight = np.float64(poses[1][p, k]) * memory.point_scores[n, k]
            if weight > 0.0:
                x += weight * (poses[0][p, k, 0] - memory.points[n, k, 0])
                y += weight * (poses[0][p, k, 1] - memory.points[n, k, 1])
                weights += weight
        if weights < 1.0:
            continue
        x, y = x / weights, y / weights
        if math.hypot(x - shift_x, y - shift_y) > _REACH * size:
            continue
        alike = _stiff_likeness(memory, n, poses, p, x, y) / weights
        at = heard if heard - first < _CHOICES else first + np.argmin(shifts[first:heard, 2])
        if at == heard or alike > shifts[at, 2]:
            shifts[at, 0], shifts[at, 1] = x - shift_x, y - shift_y
            shifts[at, 2], shifts[at, 3] = alike, size
            heard = max(heard, at + 1)
    for i in range(first, heard):
        shifts[i, 2] /= heard - first
    return heard


@compiled(cached=False, allocates=False)
def _stiff_likeness(memory, n, poses, p, x, y):
    """Return the weight of the keypoints that lie where the body's own shift puts them."""
    alike, spread = 0.0, _STIFF * memory.motion[n, SCALE]
    for k in range(memory.points.shape[1]):
        weight = np.float64(poses[1][p, k]) * memory.point_scores[n, k]
        if weight > 0.0:
            dx = (poses[0][p, k, 0] - memory.points[n, k, 0] - x) / spread
            dy = (poses[0][p, k, 1] - memory.points[n, k, 1] - y) / spread
            alike += weight * math.exp(-0.5 * (dx * dx + dy * dy))
    return alike


@compiled(cached=False, allocates=False)
def _support(shifts, x, y):
    """Return for how many witnesses a shift is what they saw."""
    support = 0.0
    for i in range(len(shifts)):
        spread = _AGREE * shifts[i, 3]
        dx, dy = (shifts[i, 0] - x) / spread, (shifts[i, 1] - y) / spread
        square = dx * dx + dy * dy
        if square < 18.0:
            support += shifts[i, 2] * math.exp(-0.5 * square)
    return support

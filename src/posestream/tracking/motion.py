"""How a person's place changes: a Kalman filter of constant velocity, in seconds and body sizes.

What is filtered is how far the body as a whole has moved since it was last seen, which its
keypoints say together; so a box that loses the legs does not look like somebody who jumps.
"""

from __future__ import annotations

import math

from posestream.compilation import compiled
from posestream.tracking.memory import AHEAD_X, AHEAD_Y, PVV, PXV, PXX, SCALE, VX, VY

_RESTLESS = 1.0
"""Spectral density of people's acceleration, body sizes squared per second cubed."""
_FIRST_SPEED = 1.5
"""Standard deviation of a newcomer's velocity, body sizes per second."""
_FASTEST = 12.0
"""Velocity that nobody exceeds, body sizes per second."""
_COASTS_S = 1.5
"""Time constant with which somebody out of sight is thought to slow down."""
_STEP_S = 0.05
"""Length of the steps in which a gap is retraced."""
_MOST_STEPS = 40


@compiled(cached=False, allocates=False)
def begin(row, noise):
    """Set the motion of a track seen for the first time.

    Args:
        row: ``(12,)`` row of `Memory.motion`.
        noise: Standard deviation of a place, body sizes.
    """
    row[VX], row[VY], row[AHEAD_X], row[AHEAD_Y] = 0.0, 0.0, 0.0, 0.0
    row[PXX], row[PXV], row[PVV] = noise * noise, 0.0, _FIRST_SPEED * _FIRST_SPEED


@compiled(cached=False, allocates=False)
def drift(row, gap_s):
    """Say how far a body has moved since it was last seen, and how uncertain that is.

    Returns:
        x and y in pixels, and the variance in body sizes squared.
    """
    coast_s = _COASTS_S * (1.0 - math.exp(-gap_s / _COASTS_S))
    spread = row[PXX] + gap_s * (2.0 * row[PXV] + gap_s * row[PVV]) + _RESTLESS * gap_s**3 / 3.0
    return row[AHEAD_X] + row[VX] * coast_s, row[AHEAD_Y] + row[VY] * coast_s, spread


@compiled(cached=False, allocates=False)
def correct(row, moved_x, moved_y, gap_s, noise):
    """Take in how far a body was seen to have moved.

    After a gap, it is taken to have come the straight way at an even pace, and the filter follows
    it there step by step, instead of trusting the velocity it had before.

    Args:
        row: ``(12,)`` row of `Memory.motion`.
        moved_x: Pixels since it was last seen.
        moved_y: The same, downwards.
        gap_s: Seconds since then.
        noise: Standard deviation of the measurement, body sizes.

    Source:
        The step by step correction: observation-centric re-update, Cao et al. 2023, OC-SORT.
    """
    steps = min(math.ceil(gap_s / _STEP_S), _MOST_STEPS) if gap_s > 2 * _STEP_S else 1
    step_s = gap_s / steps
    x, y = row[AHEAD_X], row[AHEAD_Y]
    for n in range(1, steps + 1):
        x += row[VX] * step_s
        y += row[VY] * step_s
        row[PXX] += step_s * (2.0 * row[PXV] + step_s * row[PVV]) + _RESTLESS * step_s**3 / 3.0
        row[PXV] += step_s * row[PVV] + _RESTLESS * step_s**2 / 2.0
        row[PVV] += _RESTLESS * step_s
        gain = row[PXX] / (row[PXX] + noise * noise)
        gain_v = row[PXV] / (row[PXX] + noise * noise)
        off_x, off_y = moved_x * n / steps - x, moved_y * n / steps - y
        x += gain * off_x
        y += gain * off_y
        row[VX] += gain_v * off_x
        row[VY] += gain_v * off_y
        row[PVV] -= gain_v * row[PXV]
        row[PXV] -= gain * row[PXV]
        row[PXX] -= gain * row[PXX]
    row[AHEAD_X], row[AHEAD_Y] = x - moved_x, y - moved_y
    speed, limit = math.hypot(row[VX], row[VY]), _FASTEST * row[SCALE]
    if speed > limit:
        row[VX] *= limit / speed
        row[VY] *= limit / speed

"""Find the keypoints of which a heatmap shows too little for a peak.

Who is known by other keypoints tells where the rest should be; there a trace is enough that would
be noise anywhere else.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.paf_bodies import expected, take_stance

CALM = 0.3
"""Confidence of a peak up to which maps are calm enough for traces; noise lifts it."""
FULL = 0.95
"""Share of the room for candidates from which the maps are all noise."""
_REACH = 1.2
"""Standard deviations from its expected place within which a trace is looked for."""
_WIDEST = 6
"""Cells to either side that are looked at, at most."""
_KNOWN = 9
"""Keypoints from which somebody is known well enough."""
_AROUND = 1
"""Cells to either side of the highest that say where exactly it is."""


@compiled(cached=False, allocates=False)
def find_traces(maps, limits, member, peaks, limbs, shape, stances, points, scores):
    """Place missing keypoints of one person where their heatmaps rise the most.

    A rise counts less the further it is from the expected place. It may be another person's peak
    that hides the keypoint, so no trace is more certain than the least peak.

    Args:
        maps: ``(C, h, w)`` confidence maps.
        limits: Rows and columns that hold the frame, and the confidence of a peak.
        member: ``(K,)`` peaks of the person, -1 where there is none.
        peaks: ``(N, 3)`` x, y and confidence.
        limbs: ``(L, 2)``.
        shape: ``(K, 3)`` see `body_shape`.
        stances: Room for one stance, see `take_stance`.
        points: ``(K, 2)`` keypoints of the person, cells; changed.
        scores: ``(K,)`` their confidences; changed.
    """
    found = 0
    for peak in member:
        found += peak >= 0
    if found < _KNOWN:
        return
    if not take_stance(member, peaks, limbs, shape, stances, 0):
        return
    for k in range(len(member)):
        if member[k] < 0:
            x, y, variance = expected(stances, 0, shape, k)
            row, column = _highest_rise(maps[k], limits, x, y, variance)
            if row >= 0:
                x, y = _middle_of_rise(maps[k], limits, row, column, x, y, variance)
                points[k, 0], points[k, 1] = np.float32(x), np.float32(y)
                scores[k] = min(maps[k, row, column], np.float32(limits[2]))


@compiled(cached=False, allocates=False)
def _highest_rise(heatmap, limits, x, y, variance):
    """Return row and column of the rise that counts the most, -1 if there is none."""
    rows, columns, _ = limits
    reach = min(_REACH * np.sqrt(variance), _WIDEST)
    best, row, column = 0.0, -1, -1
    for i in range(max(int(y - reach), 0), min(int(y + reach) + 1, rows)):
        for j in range(max(int(x - reach), 0), min(int(x + reach) + 1, columns)):
            value = heatmap[i, j]
            if best < value:
                distance = (j + 0.5 - x) ** 2 + (i + 0.5 - y) ** 2
                weight = value * np.exp(-0.5 * distance / variance)
                if weight > best:
                    best, row, column = weight, i, j
    return row, column


@compiled(cached=False, allocates=False)
def _middle_of_rise(heatmap, limits, row, column, x, y, variance):
    """Return the mean place of the cells around the highest, by what each counts."""
    total = across = down = 0.0
    for i in range(max(row - _AROUND, 0), min(row + _AROUND + 1, limits[0])):
        for j in range(max(column - _AROUND, 0), min(column + _AROUND + 1, limits[1])):
            value = heatmap[i, j]
            if value > 0:
                distance = (j + 0.5 - x) ** 2 + (i + 0.5 - y) ** 2
                weight = value * np.exp(-0.5 * distance / variance)
                total += weight
                across += weight * (j + 0.5)
                down += weight * (i + 0.5)
    return across / total, down / total

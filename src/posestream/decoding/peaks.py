"""Find each keypoint's candidates: the peaks of its heatmap.

A peak is a cell above the threshold that none of its eight neighbours exceeds. Cells of equal
value that touch are one peak, in their middle. Where a peak lies inside its cell follows from the
parabola through the logarithms of it and its neighbours, which is exact for Gaussian peaks.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled
from posestream.decoding.peak_candidates import (
    list_candidates,
    powers_of_two,
    sum_bands,
    without_infinity,
)

_ANY_ORDER = frozenset({"reassoc"})
"""Lets sums be vectorised."""
_HUGE = np.float32(1e6)
"""Values beyond are no noise of a confidence."""
_NOT_PEAK, _PEAK, _PLATEAU = 0, 1, 2


@compiled(cached=False, fastmath=_ANY_ORDER, allocates=False)
def noise_level(maps, keypoints, rows, columns):
    """Estimate the standard deviation of the maps' noise from their values below zero.

    A confidence is never negative, so what lies below zero is half of a noise around zero. Every
    eighth row is enough.

    Args:
        maps: ``(C, h, w)`` confidence maps.
        keypoints: How many of the maps to look at.
        rows: Rows that hold the frame; those below are padding.
        columns: Columns that hold the frame.
    """
    total, seen = np.float32(0), 0
    for k in range(keypoints):
        for i in range(k % 8, rows, 8):
            seen += columns
            for j in range(columns):
                value = maps[k, i, j]
                below = value if -_HUGE < value < 0 else np.float32(0)
                total += below * below
    return np.sqrt(2 * total / max(seen, 1))


@compiled(cached=False)
def strongest_peaks(maps, keypoints, rows, columns, threshold, max_peaks):
    """Find up to ``max_peaks`` strongest peaks of every map.

    Args:
        maps: ``(C, h, w)`` confidence maps; non-finite values count as 0.
        keypoints: ``K``, how many of the maps hold keypoints.
        rows: Rows that hold the frame.
        columns: Columns that hold the frame.
        threshold: Lowest confidence of a peak, above 0.
        max_peaks: Most peaks kept of one map.

    Returns:
        ``(N, 3)`` x and y in cells and confidence of every peak, and ``(K + 1,)`` where each
        keypoint's peaks start.
    """
    threshold = np.float32(threshold)
    capacity = ((rows + 1) // 2) * ((columns + 1) // 2)
    found = np.empty((capacity, 4), np.float32)  # and whether x and y are a mere cell's
    peaks = np.empty((keypoints * min(capacity, max_peaks), 3), np.float32)
    starts = np.zeros(keypoints + 1, np.int64)
    seen = np.zeros((rows, columns), np.int32)
    cells, queue = np.empty((2, rows * columns + 1, 2), np.int32)
    powers, sums = powers_of_two(), np.empty(rows, np.float32)
    for k in range(keypoints):
        heatmap = maps[k]
        if sum_bands(heatmap.ravel(), rows, maps.shape[2], threshold, sums) == np.inf:
            heatmap = without_infinity(heatmap)
        count = list_candidates(heatmap, rows, columns, threshold, sums, powers, cells)
        count = _keep_peaks(heatmap, rows, columns, cells, count, found, seen, queue, k + 1)
        kept = _keep_strongest(found, count, max_peaks)
        _refine(heatmap, rows, columns, found, kept, peaks[starts[k] :])
        starts[k + 1] = starts[k] + kept
    return peaks[: starts[keypoints]], starts


@compiled(cached=False, allocates=False)
def _refine(heatmap, rows, columns, found, count, peaks):
    """Write x, y and confidence of what was found to ``peaks``, as exact as they can be."""
    for n in range(count):
        x, y = found[n, 0], found[n, 1]
        if found[n, 3]:
            x, y = _inside_cell(heatmap, rows, columns, np.int64(y), np.int64(x))
        peaks[n, 0], peaks[n, 1], peaks[n, 2] = x, y, found[n, 2]


@compiled(cached=False, allocates=False)
def _keep_peaks(heatmap, rows, columns, cells, count, found, seen, queue, stamp):
    """Write the peaks among candidates to ``found`` and return how many there are."""
    kept = 0
    for n in range(count):
        i, j = cells[n]
        if seen[i, j] == stamp:
            continue
        verdict = _compare(heatmap, rows, columns, i, j)
        x, y = np.float64(j), np.float64(i)
        if verdict == _PLATEAU:
            whole, x, y = _plateau(heatmap, rows, columns, i, j, seen, queue, stamp)
            verdict = _PLATEAU if whole else _NOT_PEAK
        if verdict != _NOT_PEAK:
            found[kept, 0], found[kept, 1], found[kept, 2] = x, y, heatmap[i, j]
            found[kept, 3] = verdict == _PEAK
            kept += 1
    return kept


@compiled(cached=False, allocates=False)
def _compare(heatmap, rows, columns, i, j):
    """Say whether a cell exceeds its neighbours, equals one, or is exceeded."""
    value, higher, equal = heatmap[i, j], 0, 0
    for y in range(max(i - 1, 0), min(i + 2, rows)):
        for x in range(max(j - 1, 0), min(j + 2, columns)):
            higher += heatmap[y, x] > value
            equal += heatmap[y, x] == value
    return _NOT_PEAK if higher else (_PEAK if equal == 1 else _PLATEAU)


@compiled(cached=False, allocates=False)
def _plateau(heatmap, rows, columns, i, j, seen, queue, stamp):
    """Walk the cells that equal this one; return whether none is exceeded, and their middle."""
    value, whole = heatmap[i, j], True
    queue[0, 0], queue[0, 1] = i, j
    seen[i, j] = stamp
    head, tail, sum_x, sum_y = 0, 1, 0.0, 0.0
    while head < tail:
        row, column = queue[head]
        head += 1
        sum_x += column
        sum_y += row
        for y in range(max(row - 1, 0), min(row + 2, rows)):
            for x in range(max(column - 1, 0), min(column + 2, columns)):
                other = heatmap[y, x]
                if other > value:
                    whole = False
                elif other == value and seen[y, x] != stamp:
                    seen[y, x] = stamp
                    queue[tail, 0], queue[tail, 1] = y, x
                    tail += 1
    x, y = sum_x / tail + 0.5, sum_y / tail + 0.5
    if tail == 2:  # a peak on the border of two cells is as exact along that border as any other
        inside_x, inside_y = _inside_cell(heatmap, rows, columns, i, j)
        x, y = (inside_x if queue[1, 1] == j else x), (inside_y if queue[1, 0] == i else y)
    return whole, x, y


@compiled(cached=False, allocates=False)
def _inside_cell(heatmap, rows, columns, i, j):
    """Return a peak's x and y in cells, in the cell's middle at the map's border."""
    x, y = j + 0.5, i + 0.5
    if 0 < j < columns - 1:
        x += _vertex(heatmap[i, j - 1], heatmap[i, j], heatmap[i, j + 1])
    if 0 < i < rows - 1:
        y += _vertex(heatmap[i - 1, j], heatmap[i, j], heatmap[i + 1, j])
    return x, y


@compiled(cached=False, allocates=False)
def _vertex(before, peak, after):
    """Return where the parabola through three logarithms has its top, in [-0.5, 0.5]."""
    lowest = 1e-3 * peak
    before = np.log(before / peak) if before > lowest else np.log(1e-3)
    after = np.log(after / peak) if after > lowest else np.log(1e-3)
    return 0.5 * (before - after) / (before + after)


@compiled(cached=False)
def _keep_strongest(found, count, max_peaks):
    """Move the strongest peaks to the front, in raster order; return how many are kept."""
    if count <= max_peaks:
        return count
    weakest = np.sort(found[:count, 2])[count - max_peaks]
    ties = max_peaks
    for n in range(count):
        ties -= found[n, 2] > weakest
    kept = 0
    for n in range(count):
        tied = found[n, 2] == weakest
        if found[n, 2] > weakest or (tied and ties > 0):
            ties -= tied
            found[kept] = found[n]
            kept += 1
    return kept

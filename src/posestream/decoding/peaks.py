"""Find each keypoint's candidates: the peaks of its heatmap.

A peak is a cell above the threshold that none of its eight neighbours exceeds. Cells of equal
value that touch are one peak, in their middle. Where a peak lies inside its cell follows from the
parabola through the logarithms of it and its neighbours, which is exact for Gaussian peaks.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled

_ANY_ORDER = frozenset({"reassoc"})
"""Lets sums be vectorised."""
_HUGE = np.float32(1e6)
"""Values beyond are no noise of a confidence."""
_NOT_PEAK, _PEAK, _PLATEAU = 0, 1, 2


@compiled(cached=False, fastmath=_ANY_ORDER)
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
    found = np.empty((capacity, 3), np.float32)
    peaks = np.empty((keypoints * min(capacity, max_peaks), 3), np.float32)
    starts = np.zeros(keypoints + 1, np.int64)
    seen = np.zeros((rows, columns), np.int32)
    queue = np.empty((rows * columns, 2), np.int32)
    for k in range(keypoints):
        count = _peaks_of_map(maps[k], rows, columns, threshold, found, seen, queue, k + 1)
        kept = _keep_strongest(found, count, max_peaks)
        peaks[starts[k] : starts[k] + kept] = found[:kept]
        starts[k + 1] = starts[k] + kept
    return peaks[: starts[keypoints]], starts


@compiled(cached=False)
def _peaks_of_map(heatmap, rows, columns, threshold, found, seen, queue, stamp):
    """Write a map's peaks to ``found`` in raster order and return how many there are."""
    count, flags = 0, np.empty(columns, np.float32)
    for i in range(rows):
        if not _flag_row(heatmap, rows, columns, threshold, i, flags):
            continue
        for j in range(columns):
            if flags[j] == 0 or seen[i, j] == stamp:
                continue
            verdict = _compare(heatmap, rows, columns, i, j)
            if verdict == _PEAK:
                x, y = _inside_cell(heatmap, rows, columns, i, j)
            elif verdict == _PLATEAU:
                whole, x, y = _plateau(heatmap, rows, columns, i, j, seen, queue, stamp)
                if not whole:
                    continue
            else:
                continue
            found[count, 0], found[count, 1], found[count, 2] = x, y, heatmap[i, j]
            count += 1
    return count


@compiled(cached=False, fastmath=_ANY_ORDER)
def _flag_row(heatmap, rows, columns, threshold, i, flags):
    """Flag cells over the threshold that no cell beside, above or below exceeds; any there?

    One pass without branches, which is what makes large crowds no slower than single people.
    """
    above, below = max(i - 1, 0), min(i + 1, rows - 1)
    total = np.float32(0)
    for j in range(columns):
        value = heatmap[i, j]
        flags[j] = np.float32(1) if threshold < value < np.inf else np.float32(0)
        total += flags[j]
    if total == 0:
        return False
    for j in range(1, columns - 1):
        value = heatmap[i, j]
        highest = _finite(heatmap[i, j - 1])
        highest = max(highest, _finite(heatmap[i, j + 1]))
        highest = max(highest, _finite(heatmap[above, j]))
        highest = max(highest, _finite(heatmap[below, j]))
        flags[j] = flags[j] if highest <= value else np.float32(0)
    return True


@compiled(cached=False, inline=True)
def _finite(value):
    return value if value < np.float32(np.inf) else np.float32(0)


@compiled(cached=False)
def _compare(heatmap, rows, columns, i, j):
    """Say whether a cell exceeds its neighbours, equals one, or is exceeded."""
    value, verdict = heatmap[i, j], _PEAK
    for y in range(max(i - 1, 0), min(i + 2, rows)):
        for x in range(max(j - 1, 0), min(j + 2, columns)):
            other = heatmap[y, x]
            if value < other < np.inf:
                return _NOT_PEAK
            if other == value and (y != i or x != j):
                verdict = _PLATEAU
    return verdict


@compiled(cached=False)
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
                if value < other < np.inf:
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


@compiled(cached=False, inline=True)
def _inside_cell(heatmap, rows, columns, i, j):
    """Return a peak's x and y in cells, in the cell's middle at the map's border."""
    x, y = j + 0.5, i + 0.5
    if 0 < j < columns - 1:
        x += _vertex(heatmap[i, j - 1], heatmap[i, j], heatmap[i, j + 1])
    if 0 < i < rows - 1:
        y += _vertex(heatmap[i - 1, j], heatmap[i, j], heatmap[i + 1, j])
    return x, y


@compiled(cached=False, inline=True)
def _vertex(before, peak, after):
    """Return where the parabola through three logarithms has its top, in [-0.5, 0.5]."""
    lowest = 1e-3 * peak
    before = np.log(before / peak) if lowest < before < np.inf else np.log(1e-3)
    after = np.log(after / peak) if lowest < after < np.inf else np.log(1e-3)
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

"""Sieve heatmaps for cells that may be peaks, many cells at a time.

Most of a heatmap is no peak: rows in which nothing exceeds the threshold are skipped, and what is
left is compared with its neighbours without a branch, so that the loops are vectorised.
"""

from __future__ import annotations

import numpy as np

from posestream.compilation import compiled

_ANY_ORDER = frozenset({"reassoc"})
"""Lets sums be vectorised."""
_BAND = 4
"""Rows of which is known whether anything there exceeds the threshold."""
_LANES = 16
"""Cells of a row that are looked at together."""


@compiled(cached=False)
def powers_of_two():
    """Return a power for each of the cells that are looked at together."""
    powers = np.empty(_LANES, np.float32)
    for lane in range(_LANES):
        powers[lane] = 1 << lane
    return powers


@compiled(cached=False, allocates=False)
def sum_bands(values, rows, width, threshold, sums):
    """Add up what exceeds the threshold in each few rows, and return the largest of the sums."""
    largest = np.float32(0)
    for band in range((rows + _BAND - 1) // _BAND):
        stop = min((band + 1) * _BAND, rows) * width
        sums[band] = _sum_above(values, band * _BAND * width, stop, threshold)
        largest = max(largest, sums[band])
    return largest


@compiled(cached=False, fastmath=_ANY_ORDER, allocates=False)
def _sum_above(values, start, stop, threshold):
    total, first = np.float32(0), np.uint64(start)
    for n in range(stop - start):
        value = values[first + np.uint64(n)]
        total += value if value > threshold else np.float32(0)
    return total


@compiled(cached=False)
def without_infinity(heatmap):
    """Return a copy of a heatmap in which infinity is 0."""
    finite = np.empty_like(heatmap)
    for i in range(heatmap.shape[0]):
        for j in range(heatmap.shape[1]):
            finite[i, j] = heatmap[i, j] if heatmap[i, j] < np.inf else np.float32(0)
    return finite


@compiled(cached=False, allocates=False)
def list_candidates(heatmap, rows, columns, threshold, sums, powers, cells):
    """Write row and column of cells that may be peaks in raster order and return how many."""
    count, last_start = 0, columns - 1 - _LANES
    for i in range(rows):
        if sums[i // _BAND] == 0:
            continue
        cells[count, 0], cells[count, 1] = i, 0
        count += heatmap[i, 0] > threshold
        for start in range(1, columns - 1, _LANES):
            flags = (1 << min(_LANES, columns - 1 - start)) - 1
            if last_start > 0:
                first = min(start, last_start)
                flags = _candidates(heatmap, rows, threshold, i, first, powers) >> (start - first)
            j = start
            while flags:
                cells[count, 0], cells[count, 1] = i, j
                count += (flags & 1) and heatmap[i, j] > threshold
                flags, j = flags >> 1, j + 1
        cells[count, 0], cells[count, 1] = i, columns - 1
        count += columns > 1 and heatmap[i, columns - 1] > threshold
    return count


@compiled(cached=False, fastmath=_ANY_ORDER, allocates=False)
def _candidates(heatmap, rows, threshold, i, j, powers):
    """Return a bit for each of the next cells of a row: is it high and not exceeded?

    Without a branch, which is what makes large crowds hardly slower than single people.
    """
    here, left, one = np.uint64(i), np.uint64(j - 1), np.uint64(1)
    above, below = np.uint64(max(i - 1, 0)), np.uint64(min(i + 1, rows - 1))
    flags = np.float32(0)  # a sum of powers of two, exact
    for lane in range(_LANES):
        before = left + np.uint64(lane)
        at, after = before + one, before + one + one
        upper = _higher(heatmap[above, before], threshold)
        upper = _higher(heatmap[above, at], upper)
        upper = _higher(heatmap[above, after], upper)
        upper = _higher(heatmap[here, before], upper)
        lower = _higher(heatmap[below, before], threshold)
        lower = _higher(heatmap[below, at], lower)
        lower = _higher(heatmap[below, after], lower)
        lower = _higher(heatmap[here, after], lower)
        highest = _higher(upper, lower)
        flag = powers[lane] if heatmap[here, at] > threshold else np.float32(0)
        flags += np.float32(0) if highest > heatmap[here, at] else flag
    return np.int64(flags)


@compiled(cached=False, inline=True)
def _higher(value, other):
    """Return the higher of two values, the second if the first is NaN."""
    return value if value > other else other

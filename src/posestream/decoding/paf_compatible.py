"""Decode exactly as TRTPose's own decoder does: its five steps, by its names, to the last bit.

Single precision in the original's order of operations. What the original leaves undefined is
defined here: sums over maps smaller than the window stay inside the map, and scores that are not
finite count as 0.

Source:
    The behaviour of TRTPose's ``parse`` functions (NVIDIA, MIT), reproduced from their outputs.
"""

from __future__ import annotations

import numpy as np

from posestream.assignment import least_cost
from posestream.compilation import compiled

MOST_PEOPLE = 100
"""People of one frame that the original makes room for."""


@compiled
def find_peaks(maps, threshold, window, max_peaks):
    """Find cells of every map at or above the threshold that no cell of their window exceeds.

    Args:
        maps: ``(C, h, w)`` confidence maps.
        threshold: Lowest confidence, float32.
        window: Odd side of the window, cells; clipped at the border.
        max_peaks: ``M``, how many are kept: the first in raster order.

    Returns:
        ``(C,)`` counts and ``(C, M, 2)`` rows and columns.
    """
    count, rows, columns = maps.shape
    reach = window // 2
    counts, peaks = np.zeros(count, np.int32), np.zeros((count, max_peaks, 2), np.int32)
    for c in range(count):
        for i in range(rows):
            for j in range(columns):
                if maps[c, i, j] < threshold or counts[c] == max_peaks:
                    continue
                if _is_exceeded(maps[c], i, j, reach):
                    continue
                peaks[c, counts[c], 0], peaks[c, counts[c], 1] = i, j
                counts[c] += 1
    return counts, peaks


@compiled(cached=False)
def _is_exceeded(heatmap, i, j, reach):
    rows, columns = heatmap.shape
    for y in range(max(i - reach, 0), min(i + reach + 1, rows)):
        for x in range(max(j - reach, 0), min(j + reach + 1, columns)):
            if heatmap[y, x] > heatmap[i, j]:
                return True
    return False


@compiled
def refine_peaks(maps, counts, peaks, window):
    """Move peaks to the weighted mean of their window, reflected at the border.

    Args:
        maps: ``(C, h, w)`` confidence maps.
        counts: ``(C,)`` peaks of each map.
        peaks: ``(C, M, 2)`` rows and columns.
        window: Odd side of the window, cells.

    Returns:
        ``(C, M, 2)`` row and column divided by height and width, 0 past the counts.
    """
    count, rows, columns = maps.shape
    refined = np.zeros(peaks.shape, np.float32)
    for c in range(count):
        for n in range(counts[c]):
            row, column = _weighted_mean(maps[c], peaks[c, n, 0], peaks[c, n, 1], window // 2)
            refined[c, n, 0] = np.float32(np.float64(row) + 0.5) / np.float32(rows)
            refined[c, n, 1] = np.float32(np.float64(column) + 0.5) / np.float32(columns)
    return refined


@compiled(cached=False)
def _weighted_mean(heatmap, i, j, reach):
    rows, columns = heatmap.shape
    sum_row, sum_column, total = np.float32(0), np.float32(0), np.float32(0)
    for y in range(i - reach, i + reach + 1):
        for x in range(j - reach, j + reach + 1):
            weight = heatmap[_reflect(y, rows), _reflect(x, columns)]
            sum_row = np.float32(sum_row + np.float32(weight * np.float32(y)))
            sum_column = np.float32(sum_column + np.float32(weight * np.float32(x)))
            total = np.float32(total + weight)
    return np.float32(sum_row / total), np.float32(sum_column / total)


@compiled(cached=False)
def _reflect(index, size):
    """Mirror an index at the first and the last cell, and keep it on the map."""
    if index < 0:
        index = -index
    elif index >= size:
        index = 2 * size - 2 - index
    return min(max(index, 0), size - 1)


@compiled
def paf_score_graph(fields, topology, counts, peaks, samples):
    """Score every pair of candidates of every limb by the mean of the field along it.

    Args:
        fields: ``(F, h, w)`` part affinity fields.
        topology: ``(L, 4)`` channel down, channel right, first keypoint, second keypoint.
        counts: ``(C,)`` peaks of each map.
        peaks: ``(C, M, 2)`` as `refine_peaks` returns them.
        samples: Points along a segment, ends included.

    Returns:
        ``(L, M, M)`` scores, 0 past the counts.
    """
    graph = np.zeros((len(topology), peaks.shape[1], peaks.shape[1]), np.float32)
    for n in range(len(topology)):
        down, right, first, second = topology[n]
        for a in range(counts[first]):
            for b in range(counts[second]):
                graph[n, a, b] = _mean_along(
                    fields[down], fields[right], peaks[first, a], peaks[second, b], samples
                )
    return graph


@compiled(cached=False)
def _mean_along(down, right, start, end, samples):
    rows, columns = down.shape
    y, x = start[0] * np.float32(rows), start[1] * np.float32(columns)
    dy, dx = end[0] * np.float32(rows) - y, end[1] * np.float32(columns) - x
    square = np.float32(np.float32(dy * dy) + np.float32(dx * dx))
    norm = np.float32(np.float64(np.sqrt(square)) + 1e-5)
    unit_y, unit_x = np.float32(dy / norm), np.float32(dx / norm)
    total = np.float32(0)
    for n in range(samples):
        part = np.float32(np.float32(n) / np.float32(samples - 1))
        i = int(np.float32(y + np.float32(part * dy)))
        j = int(np.float32(x + np.float32(part * dx)))
        if 0 <= i < rows and 0 <= j < columns:
            along = np.float32(down[i, j] * unit_y) + np.float32(right[i, j] * unit_x)
            total = np.float32(total + np.float32(along))
    return np.float32(total / np.float32(samples))


@compiled
def assignment(graph, topology, counts, link_threshold):
    """Match each limb's candidates for the greatest total score, then drop the weak links.

    Args:
        graph: ``(L, M, M)`` scores.
        topology: ``(L, 4)`` see `paf_score_graph`.
        counts: ``(C,)`` peaks of each map.
        link_threshold: Score that a link must exceed, float32.

    Returns:
        ``(L, 2, M)`` the partner of each first and of each second candidate, -1 without one.
    """
    limbs, most, _ = graph.shape
    connections = np.full((limbs, 2, most), -1, np.int32)
    for n in range(limbs):
        first, second = counts[topology[n, 2]], counts[topology[n, 3]]
        turned = first > second
        cost = np.zeros((min(first, second), max(first, second)))
        for a in range(first):
            for b in range(second):
                if np.isfinite(graph[n, a, b]):
                    cost[(b, a) if turned else (a, b)] = -np.float64(graph[n, a, b])
        chosen = least_cost(cost)
        for row in range(len(chosen)):
            a, b = (chosen[row], row) if turned else (row, chosen[row])
            if graph[n, a, b] > link_threshold:
                connections[n, 0, a], connections[n, 1, b] = b, a
    return connections


@compiled
def connect_parts(connections, topology, counts):
    """Call every set of peaks that links connect a person.

    If two peaks of one keypoint meet, the one visited last wins.

    Args:
        connections: ``(L, 2, M)`` see `assignment`.
        topology: ``(L, 4)`` see `paf_score_graph`.
        counts: ``(C,)`` peaks of each map.

    Returns:
        How many people there are and ``(100, C)`` the peak of each of their keypoints or -1.
    """
    kinds, most = len(counts), connections.shape[2]
    people, members = 0, np.full((MOST_PEOPLE, kinds), -1, np.int32)
    visited = np.zeros((kinds, most), np.bool_)
    queue = np.empty((kinds * most * (2 * len(topology) + 1) + 1, 2), np.int64)
    for kind in range(kinds):
        for peak in range(counts[kind]):
            if visited[kind, peak]:
                continue
            if people == MOST_PEOPLE:
                return people, members
            queue[0, 0], queue[0, 1] = kind, peak
            _visit(connections, topology, visited, queue, members[people])
            people += 1
    return people, members


@compiled(cached=False)
def _visit(connections, topology, visited, queue, member):
    """Walk breadth first over the links from the queue's only peak."""
    head, tail = 0, 1
    while head < tail:
        kind, peak = queue[head]
        head += 1
        if visited[kind, peak]:
            continue
        visited[kind, peak] = True
        member[kind] = peak
        for n in range(len(topology)):
            for side in range(2):
                partner = connections[n, side, peak]
                if topology[n, 2 + side] == kind and partner >= 0:
                    queue[tail, 0], queue[tail, 1] = topology[n, 3 - side], partner
                    tail += 1

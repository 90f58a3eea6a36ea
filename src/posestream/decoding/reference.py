"""The original PAF decoder's five steps, slow and readable: the oracle of the compiled ones.

One frame at a time, single precision in the original's order of operations. See
`posestream.decoding.paf_compatible` for what each step takes and returns.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.integer]


def find_peaks(
    maps: Floats, *, threshold: float = 0.1, window: int = 5, max_peaks: int = 100
) -> list[list[tuple[int, int]]]:
    """Return every map's first peaks in raster order, as rows and columns."""
    reach = window // 2
    padded = np.pad(maps, ((0, 0), (reach, reach), (reach, reach)), constant_values=-np.inf)
    peaks = []
    for heatmap, around in zip(maps, padded, strict=True):
        windows = np.lib.stride_tricks.sliding_window_view(around, (window, window))
        exceeded = (windows > heatmap[:, :, None, None]).any(axis=(2, 3))
        rows, columns = np.nonzero(~exceeded & ~(heatmap < np.float32(threshold)))
        peaks.append(list(zip(rows.tolist(), columns.tolist(), strict=True))[:max_peaks])
    return peaks


def refine_peaks(
    maps: Floats, peaks: list[list[tuple[int, int]]], *, window: int = 5
) -> list[Floats]:
    """Return every map's ``(n, 2)`` refined peaks, row and column divided by height and width."""
    reach, size = window // 2, np.array(maps.shape[1:], np.float32)
    refined = []
    for heatmap, cells in zip(maps, peaks, strict=True):
        mirrored = np.pad(heatmap, reach, mode="reflect")
        points = np.zeros((len(cells), 2), np.float32)
        for n, (i, j) in enumerate(cells):
            total, weighted = np.float32(0), np.zeros(2, np.float32)
            for y, x in itertools.product(range(window), range(window)):
                weight = mirrored[i + y, j + x]
                weighted += weight * np.array([i + y - reach, j + x - reach], np.float32)
                total += weight
            middle = (weighted / total).astype(np.float64) + 0.5
            points[n] = middle.astype(np.float32) / size
        refined.append(points)
    return refined


def paf_score_graph(
    fields: Floats, topology: Ints, peaks: list[Floats], *, samples: int = 7
) -> list[Floats]:
    """Return every limb's ``(n, m)`` mean alignments of the field with the pairs of peaks."""
    size = np.array(fields.shape[1:], np.float32)
    tables = []
    for down, right, first, second in topology:
        field = fields[[down, right]]
        begins, ends = peaks[first] * size, peaks[second] * size
        table = np.zeros((len(begins), len(ends)), np.float32)
        for a, b in np.ndindex(table.shape):
            along = ends[b] - begins[a]
            squares = along * along
            norm = np.float32(np.float64(np.sqrt(squares[0] + squares[1])) + 1e-5)
            unit, total = along / norm, np.float32(0)
            for n in range(samples):
                point = begins[a] + np.float32(n) / np.float32(samples - 1) * along
                i, j = point.astype(int)  # truncates, as the original does
                if 0 <= i < fields.shape[1] and 0 <= j < fields.shape[2]:
                    products = field[:, i, j] * unit
                    total += products[0] + products[1]
            table[a, b] = total / np.float32(samples)
        tables.append(table)
    return tables


def assignment(tables: list[Floats], *, link_threshold: float = 0.1) -> list[dict[int, int]]:
    """Return every limb's links, first candidate to second, of the greatest total score.

    Needs scipy.
    """
    from scipy.optimize import linear_sum_assignment

    links = []
    for table in tables:
        pairs = zip(*linear_sum_assignment(table.astype(np.float64), maximize=True), strict=True)
        good = np.float32(link_threshold)
        links.append({int(a): int(b) for a, b in pairs if table[a, b] > good})
    return links


def connect_parts(
    links: list[dict[int, int]], topology: Ints, counts: list[int], *, most: int = 100
) -> list[dict[int, int]]:
    """Return everyone as keypoint to peak: the sets of peaks that links connect."""
    people: list[dict[int, int]] = []
    visited: set[tuple[int, int]] = set()
    for start in ((kind, peak) for kind, count in enumerate(counts) for peak in range(count)):
        if start in visited or len(people) == most:
            continue
        person: dict[int, int] = {}
        waiting = [start]
        while waiting:
            kind, peak = waiting.pop(0)
            if (kind, peak) in visited:
                continue
            visited.add((kind, peak))
            person[kind] = peak
            for (_, _, first, second), partners in zip(topology.tolist(), links, strict=True):
                back = {b: a for a, b in partners.items()}
                if kind == first and peak in partners:
                    waiting.append((second, partners[peak]))
                if kind == second and peak in back:
                    waiting.append((first, back[peak]))
        people.append(person)
    return people

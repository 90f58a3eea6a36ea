"""Compiled search: from a person's center to the person's keypoints.

A center network says three things about a keypoint: where a person's center expects it
(regression), where any such keypoint is seen (heatmap), and where exactly inside a cell (offset).
The expectation tells whose keypoint it is and the heatmap where it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled

Floats = npt.NDArray[np.float32]

_SMALLEST_SIDE = 2.0  # cells; regressed boxes may be zero or negative
_LARGEST = 1e5  # cells; no map is as large, so a number beyond is a fault of the network


@compiled(cached=False)
def _cells(value: float) -> float:
    """Return a number of cells as it is, and 0 for NaN, infinity and what no map could hold."""
    return value if abs(value) < _LARGEST else 0.0


@compiled
def find_centers(heatmap: Floats, threshold: float, limit: int) -> npt.NDArray[np.int64]:
    """Find local maxima of a heatmap in 3 x 3 cells.

    Args:
        heatmap: ``(h, w)``.
        threshold: Maxima must exceed this.
        limit: How many to return at most, the highest first.

    Returns:
        ``(N, 2)`` cells as (y, x), highest first. Of equal neighbours the first counts.
    """
    h, w = heatmap.shape
    cells = np.empty((h * w, 2), np.int64)
    heights = np.empty(h * w, np.float32)
    found = 0
    for y in range(h):
        for x in range(w):
            if heatmap[y, x] > threshold and _is_peak(heatmap, y, x):
                cells[found, 0], cells[found, 1] = y, x
                heights[found] = heatmap[y, x]
                found += 1
    order = np.argsort(-heights[:found], kind="mergesort")[:limit]
    return cells[:found][order]


@compiled(cached=False)
def _is_peak(heatmap: Floats, y: int, x: int) -> bool:
    h, w = heatmap.shape
    value = heatmap[y, x]
    if not np.isfinite(value):
        return False
    for near_y in range(max(0, y - 1), min(h, y + 2)):
        for near_x in range(max(0, x - 1), min(w, x + 2)):
            other = heatmap[near_y, near_x]
            earlier = near_y < y or (near_y == y and near_x < x)
            if np.isfinite(other) and (other > value or (earlier and other == value)):
                return False
    return True


@compiled
def find_keypoints(
    centers: npt.NDArray[np.int64],
    box_size: Floats,
    heatmaps: Floats,
    regression: Floats,
    offsets: Floats,
    reaches: Floats,
    weakest: float,
) -> tuple[Floats, Floats, Floats]:
    """Find every keypoint of every person.

    Args:
        centers: ``(N, 2)`` cells of people's centers as (y, x).
        box_size: ``(2, h, w)`` height and width of the person, cells.
        heatmaps: ``(K, h, w)``.
        regression: ``(2K, h, w)`` (dy, dx) from the center's cell to the keypoint, cells.
        offsets: ``(2K, h, w)`` (dy, dx) from the keypoint's cell to the keypoint, cells.
        reaches: ``(K,)`` standard deviation of the regression's error per side of the person.
        weakest: Where the heatmap is below this, the regressed point is taken instead.

    Returns:
        ``(N, K, 2)`` points (x, y) in cells, ``(N, K)`` their height in the heatmap, and ``(N,)``
        the mean height, less for points far from the regressed ones, in which each keypoint counts
        as much as it is seen.
    """
    people, keypoints = len(centers), len(heatmaps)
    points = np.empty((people, keypoints, 2), np.float32)
    heights = np.zeros((people, keypoints), np.float32)
    means = np.zeros(people, np.float32)
    for p in range(people):
        y, x = centers[p, 0], centers[p, 1]
        side = max(_cells(box_size[0, y, x]), _cells(box_size[1, y, x]), _SMALLEST_SIDE)
        total, seen = 0.0, 0.0
        for k in range(keypoints):
            guess_y = y + _cells(regression[2 * k, y, x])
            guess_x = x + _cells(regression[2 * k + 1, y, x])
            best, cell_y, cell_x = _likeliest(heatmaps[k], guess_y, guess_x, reaches[k] * side)
            if best > 0:
                heights[p, k] = min(heatmaps[k, cell_y, cell_x], 1.0)
                total += heights[p, k] * best
                seen += heights[p, k]
            if heights[p, k] >= weakest:
                points[p, k, 0] = cell_x + _cells(offsets[2 * k + 1, cell_y, cell_x])
                points[p, k, 1] = cell_y + _cells(offsets[2 * k, cell_y, cell_x])
            else:
                points[p, k, 0], points[p, k, 1] = guess_x, guess_y
        means[p] = total / max(seen, 1e-6)
    return points, heights, means


@compiled
def boxes_around(centers: npt.NDArray[np.int64], box_size: Floats) -> Floats:
    """Return ``(N, 2, 2)`` corners (x, y) of people's boxes, left top first, in cells.

    Args:
        centers: ``(N, 2)`` cells of people's centers as (y, x).
        box_size: ``(2, h, w)`` height and width of the person, cells; at least 1 is taken.
    """
    corners = np.empty((len(centers), 2, 2), np.float32)
    for p in range(len(centers)):
        y, x = centers[p, 0], centers[p, 1]
        height = max(_cells(box_size[0, y, x]), 1.0)
        width = max(_cells(box_size[1, y, x]), 1.0)
        corners[p, 0, 0], corners[p, 1, 0] = x + 0.5 - width / 2, x + 0.5 + width / 2
        corners[p, 0, 1], corners[p, 1, 1] = y + 0.5 - height / 2, y + 0.5 + height / 2
    return corners


@compiled(cached=False)
def _likeliest(
    heatmap: Floats, guess_y: float, guess_x: float, deviation: float
) -> tuple[float, int, int]:
    """Return the highest product of heatmap and Gaussian around a guess, and its cell.

    Rows are searched from the guess outwards. No height exceeds 1, so once something is found,
    only cells where the Gaussian alone exceeds it need a look: the circle shrinks.
    """
    h, w = heatmap.shape
    best, best_y, best_x = 0.0, 0, 0
    variance = deviation * deviation
    reach = 4 * variance  # square of the circle's radius, two deviations at first
    middle = int(min(max(guess_y, 0.0), h - 1.0))
    for step in range(2 * min(h, int(2 * deviation) + 2)):
        y = middle + (step + 1) // 2 * (1 if step % 2 else -1)
        left = reach - (y - guess_y) ** 2
        if y < 0 or y >= h or left < 0:
            continue
        half = np.sqrt(left)
        first = max(0, int(np.ceil(guess_x - half)))
        last = min(w - 1, int(np.floor(guess_x + half)))
        for x in range(first, last + 1):
            height = heatmap[y, x]
            if height > best and np.isfinite(height):
                distance = (y - guess_y) ** 2 + (x - guess_x) ** 2
                value = min(height, 1.0) * np.exp(-0.5 * distance / variance)
                if value > best:
                    best, best_y, best_x = value, y, x
        if best > 0:
            reach = min(reach, -2 * variance * np.log(best))
    return best, best_y, best_x

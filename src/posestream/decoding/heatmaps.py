"""Decode one person's heatmaps, between the cells.

A heatmap is a sampled Gaussian around its keypoint, so its logarithm is a parabola: the slope and
the curvature at the highest cell say where the true maximum is. Blurring first makes one hill of
a heatmap that a network left rugged.

Source:
    Zhang et al. 2020, Distribution-Aware Coordinate Representation for Human Pose Estimation;
    Huang et al. 2020, The Devil is in the Details: Delving into Unbiased Data Processing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.decoding.one_person import Places
from posestream.types import Fields

Floats = npt.NDArray[np.float32]
_BLUR = np.exp(-(np.arange(-5, 6, dtype=np.float32) ** 2) / (2 * 2.0**2))
_BLUR /= _BLUR.sum()
"""Weights of the cells along one axis of the blur; what ViTPose takes for its 48 x 64 cells."""
_LOWEST, _HIGHEST = 1e-3, 50.0
"""Heights outside are cut off before the logarithm."""


def heatmaps(*, stride: int, grid: str) -> Places:
    """Read ViTPose, HRNet and their like.

    Args:
        stride: Input pixels per cell.
        grid: ``corners`` or ``stride``, see `posestream.models.card.ModelCard.heatmap_grid`.

    Returns:
        What reads ``keypoint_heatmap``; a keypoint's score is the height of its peak.
    """

    def read(fields: Fields) -> Floats:
        maps = np.nan_to_num(fields.maps["keypoint_heatmap"], nan=0, posinf=0, neginf=0)
        batch, keypoints, height, width = maps.shape
        step = np.full((batch, 1, 2), stride, np.float32)
        if grid == "corners":
            inputs = np.array([box.input_size for box in fields.letterboxes], np.float32)
            cells = np.array([width, height], np.float32)
            step = ((inputs - 1) / np.maximum(cells - 1, 1))[:, None]
        flat = maps.reshape(batch * keypoints, height, width)
        peaks = find_peaks(flat, _BLUR).reshape(batch, keypoints, 3)
        points = peaks[..., :2] * step + 0.5
        return np.concatenate([points, peaks[..., 2:]], axis=2, dtype=np.float32)

    return read


@compiled
def find_peaks(maps: Floats, kernel: Floats) -> Floats:
    """Find the maximum of every map between its cells.

    Only the cells around the highest one are blurred, and scaled so that it is as high as before.

    Args:
        maps: ``(N, h, w)`` heatmaps, finite; 0 outside.
        kernel: ``(2r + 1,)`` weights of the cells along one axis of the blur.

    Returns:
        ``(N, 3)`` x and y in cells, cell ``i`` at ``i``, no more than a cell from the highest one;
        and the height of that one, at least 0.
    """
    count, height, width = maps.shape
    found = np.zeros((count, 3), np.float32)
    logs = np.zeros((3, 3))
    for n in range(count):
        highest = np.argmax(maps[n])
        y, x = highest // width, highest % width
        top = min(max(maps[n, y, x], 0.0), _HIGHEST)
        scale = top / max(_blurred(maps[n], kernel, y, x), 1e-12)
        for i in range(3):
            for j in range(3):
                row = min(max(y + i - 1, 0), height - 1)
                column = min(max(x + j - 1, 0), width - 1)
                level = scale * _blurred(maps[n], kernel, row, column)
                logs[i, j] = np.log(min(max(level, _LOWEST), _HIGHEST))
        step_x, step_y = _newton_step(logs)
        found[n, 0], found[n, 1] = x + step_x, y + step_y
        found[n, 2] = max(maps[n, y, x], 0.0)
    return found


@compiled(cached=False)
def _blurred(one: Floats, kernel: Floats, y: int, x: int) -> float:
    """Return the height of a blurred ``(h, w)`` map at a cell."""
    height, width = one.shape
    reach = len(kernel) // 2
    total = 0.0
    for row in range(max(y - reach, 0), min(y + reach + 1, height)):
        across = 0.0
        for column in range(max(x - reach, 0), min(x + reach + 1, width)):
            level = min(max(one[row, column], 0.0), _HIGHEST)
            across += kernel[column - x + reach] * level
        total += kernel[row - y + reach] * across
    return total


@compiled(cached=False)
def _newton_step(logs: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return where the top of a hill is from the middle of ``(3, 3)`` heights, at most a cell."""
    dx, dy = (logs[1, 2] - logs[1, 0]) / 2, (logs[2, 1] - logs[0, 1]) / 2
    dxx = logs[1, 2] - 2 * logs[1, 1] + logs[1, 0]
    dyy = logs[2, 1] - 2 * logs[1, 1] + logs[0, 1]
    dxy = (logs[2, 2] - logs[2, 0] - logs[0, 2] + logs[0, 0]) / 4
    curvature = dxx * dyy - dxy * dxy
    if not curvature > 1e-9 or dxx >= 0:
        return 0.0, 0.0
    step_x = (dxy * dy - dyy * dx) / curvature
    step_y = (dxy * dx - dxx * dy) / curvature
    return min(max(step_x, -1.0), 1.0), min(max(step_y, -1.0), 1.0)

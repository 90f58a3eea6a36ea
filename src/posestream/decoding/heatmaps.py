"""Decode one person's heatmaps, between the cells.

A heatmap is a sampled Gaussian around its keypoint, so its logarithm is a parabola: the slope and
the curvature at the highest cell say where the true maximum is. Blurring first makes one hill of
a heatmap that a network left rugged.

Source:
    Zhang et al. 2020, Distribution-Aware Coordinate Representation for Human Pose Estimation;
    Huang et al. 2020, The Devil is in the Details: Delving into Unbiased Data Processing.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.decoding.one_person import Places
from posestream.types import Fields

Floats = npt.NDArray[np.float32]
_KERNEL = 11
"""Side of the Gaussian that blurs a heatmap, cells; what ViTPose takes for its 48 x 64 cells."""
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
        peaks = find_peaks(flat, _blurred_logarithms(flat)).reshape(batch, keypoints, 3)
        points = peaks[..., :2] * step + 0.5
        return np.concatenate([points, peaks[..., 2:]], axis=2, dtype=np.float32)

    return read


def _blurred_logarithms(maps: Floats) -> Floats:
    """Return logarithms of ``(N, h, w)`` maps, blurred but as high as before."""
    blurred = np.empty_like(maps)
    for one, target in zip(maps, blurred, strict=True):
        limited = np.clip(one, 0, _HIGHEST)
        smooth = cv2.GaussianBlur(limited, (_KERNEL, _KERNEL), 0, borderType=cv2.BORDER_CONSTANT)
        target[:] = smooth * (limited.max() / max(float(smooth.max()), 1e-12))
    return np.log(np.clip(blurred, _LOWEST, _HIGHEST))


@compiled
def find_peaks(maps: Floats, logarithms: Floats) -> Floats:
    """Find the maximum of every map between its cells.

    Args:
        maps: ``(N, h, w)`` heatmaps, finite.
        logarithms: ``(N, h, w)`` of the blurred maps.

    Returns:
        ``(N, 3)`` x and y in cells, cell ``i`` at ``i``, no more than a cell from the highest one;
        and the height of that one, at least 0.
    """
    count, height, width = maps.shape
    found = np.zeros((count, 3), np.float32)
    for n in range(count):
        highest = np.argmax(maps[n])
        y, x = highest // width, highest % width
        left, right = max(x - 1, 0), min(x + 1, width - 1)
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        here = logarithms[n]
        middle = here[y, x]
        dx, dy = (here[y, right] - here[y, left]) / 2, (here[below, x] - here[above, x]) / 2
        dxx = here[y, right] - 2 * middle + here[y, left]
        dyy = here[below, x] - 2 * middle + here[above, x]
        dxy = here[below, right] - here[below, left] - here[above, right] + here[above, left]
        dxy /= 4
        curvature = dxx * dyy - dxy * dxy
        step_x, step_y = 0.0, 0.0
        if curvature > 1e-9 and dxx < 0:
            step_x = min(max((dxy * dy - dyy * dx) / curvature, -1.0), 1.0)
            step_y = min(max((dxy * dx - dxx * dy) / curvature, -1.0), 1.0)
        found[n, 0], found[n, 1] = x + step_x, y + step_y
        found[n, 2] = max(maps[n, y, x], 0.0)
    return found

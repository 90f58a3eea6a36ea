"""Plan where a closer look pays.

An overview finds people at one scale, and small ones badly. `reliability` says what a person would
gain from being seen larger, so a window of the frame is worth the sum of that over the people in
it: wide windows hold many, narrow ones enlarge more. The best window is looked at first, then the
best for what is still to be gained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.batching.regions import Region
from posestream.compilation import compiled
from posestream.estimation.reliability import reliabilities, reliability
from posestream.types import Poses

_MOST_PEOPLE = 16  # candidates in a plan: the search takes time with the cube of them
_ZOOM_STEP = 1.25
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookSettings:
    """How many closer looks to take, and when.

    Raises:
        ValueError: If a setting is out of range.
    """

    input_size: tuple[int, int]
    """Width and height of a look's network input, pixels."""
    limit: int
    """Looks per frame at most."""
    min_gain: float
    """Least gain that is worth a look: score times gain in reliability, summed over people."""
    max_zoom: float = 4.0
    """Largest enlargement over the overview; what an overview does not hint at is not found."""
    margin: float = 0.1
    """Space around a person's box, in its longer sides."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if min(self.input_size) < 1 or self.limit < 0 or self.max_zoom <= 1 or self.margin < 0:
            raise ValueError(f"looks cannot be planned with {self}")


def plan_looks(
    poses: Poses,
    frame_size: tuple[int, int],
    *,
    image: int,
    scale: float,
    stride: int,
    settings: LookSettings,
) -> list[Region]:
    """Choose the windows of a frame that are worth a closer look.

    Args:
        poses: Who was found in the overview, in frame pixels.
        frame_size: Width and height of the frame, pixels.
        image: Place of the frame among those at hand; goes into the regions.
        scale: Input pixels per frame pixel in the overview.
        stride: Input pixels per heatmap cell.
        settings: How many looks, and when.

    Returns:
        Windows in order of their worth; none where nothing is to be gained.
    """
    sides = np.maximum(poses.boxes[:, 2:] - poses.boxes[:, :2], 0).max(1, initial=0)
    known = reliabilities(sides * scale / stride).astype(np.float64)
    hope = poses.scores * (1 - known)
    if hope.sum() < settings.min_gain:
        return []
    chosen = np.argsort(-hope, kind="stable")[:_MOST_PEOPLE]
    sides, known = sides[chosen].astype(np.float64), known[chosen]
    scores = poses.scores[chosen].astype(np.float64)
    frame = np.array(frame_size, np.float64)
    spans = _spans(poses.boxes[chosen], sides, frame, settings.margin)
    steps = np.arange(1, int(np.log(settings.max_zoom) / np.log(_ZOOM_STEP)) + 1)
    zooms = np.asarray(scale * _ZOOM_STEP**steps, np.float64)
    windows = np.array(settings.input_size, np.float64) / zooms[:, None]
    looks: list[Region] = []
    while len(looks) < settings.limit and len(scores):
        gain, zoom, x, y = best_window(spans, scores, sides / stride, known, zooms, windows, frame)
        if gain < settings.min_gain:
            break
        window = _centered(spans, np.array([x, y]), windows[zoom], frame)
        inside = _inside(spans, window)
        seen = reliabilities(sides[inside] / stride * zooms[zoom])
        known[inside] = np.maximum(known[inside], seen)
        left, top = (int(edge) // 2 * 2 for edge in window[:2])
        width, height = (max(2, round(side / 2) * 2) for side in windows[zoom])
        looks.append(Region(image, left, top, left + width, top + height))
    return looks


def _spans(boxes: npt.NDArray[np.float32], sides: Floats, frame: Floats, margin: float) -> Floats:
    """Return ``(N, 4)`` what a window must hold to hold a person."""
    around = boxes + np.array([-1, -1, 1, 1]) * (margin * sides)[:, None]
    return np.clip(around, 0, np.tile(frame, 2))


def _centered(spans: Floats, corner: Floats, window: Floats, frame: Floats) -> Floats:
    """Move a window so that what it holds is in its middle, as far as the frame allows."""
    held = spans[_inside(spans, np.concatenate([corner, corner + window]))]
    middle = (held[:, :2].min(0) + held[:, 2:].max(0)) / 2
    corner = np.clip(middle - window / 2, 0, np.maximum(frame - window, 0))
    return np.concatenate([corner, corner + window])


def _inside(spans: Floats, window: Floats) -> npt.NDArray[np.bool_]:
    begins = spans[:, :2] >= window[:2] - 0.5
    ends = spans[:, 2:] <= window[2:] + 0.5
    return np.asarray(np.concatenate([begins, ends], axis=1).all(axis=1), np.bool_)


@compiled
def best_window(
    spans: Floats,
    scores: Floats,
    cells: Floats,
    known: Floats,
    zooms: Floats,
    windows: Floats,
    frame: Floats,
) -> tuple[float, int, float, float]:
    """Search the window with the largest gain among those that begin or end where a span does.

    Args:
        spans: ``(N, 4)`` left, top, right, bottom of what belongs to each person, frame pixels.
        scores: ``(N,)`` confidence in each person.
        cells: ``(N,)`` longer side of each person in cells, at one input pixel per frame pixel.
        known: ``(N,)`` reliability at which each person was already seen.
        zooms: ``(Z,)`` input pixels per frame pixel.
        windows: ``(Z, 2)`` width and height of the window at each zoom, frame pixels.
        frame: ``(2,)`` width and height of the frame, pixels.

    Returns:
        The gain, the index of the zoom, and the window's left and top; gain 0 for no window.
    """
    best, best_zoom, best_x, best_y = 0.0, 0, 0.0, 0.0
    people = len(scores)
    for zoom in range(len(zooms)):
        width, height = windows[zoom, 0], windows[zoom, 1]
        gains = np.empty(people)
        for p in range(people):
            gains[p] = scores[p] * max(0.0, reliability(cells[p] * zooms[zoom]) - known[p])
        for i in range(2 * people):
            x = spans[i, 0] if i < people else spans[i - people, 2] - width
            x = max(0.0, min(x, frame[0] - width))
            for j in range(2 * people):
                y = spans[j, 1] if j < people else spans[j - people, 3] - height
                y = max(0.0, min(y, frame[1] - height))
                gain = 0.0
                for p in range(people):
                    if (
                        spans[p, 0] >= x - 0.5
                        and spans[p, 1] >= y - 0.5
                        and spans[p, 2] <= x + width + 0.5
                        and spans[p, 3] <= y + height + 0.5
                    ):
                        gain += gains[p]
                if gain > best * 1.0001:  # equal gains: the earlier, wider window
                    best, best_zoom, best_x, best_y = gain, zoom, x, y
    return best, best_zoom, best_x, best_y

"""Recognise parts of people that a window's edge cut off."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.batching.regions import Region
from posestream.types import Poses

_EDGE_PIXELS = 8.0  # network input pixels from the edge that still touch it
_COVERED = 0.7  # share of a fragment's box that the whole person's box must hold
_LARGER = 1.2  # ratio of areas from which a person can be whole where another is a fragment
_SURE = 0.3  # score from which a person of the overview counts


def are_fragments(
    poses: Poses,
    region: Region,
    *,
    overview: Poses,
    frame_size: tuple[int, int],
    pixels_per_input: float,
) -> npt.NDArray[np.bool_]:
    """Tell which people of a window are parts of somebody whom the overview saw whole.

    A fragment touches an edge of the window inside the frame and lies in the larger box of somebody
    who reaches beyond the window.

    Args:
        poses: People found in the window, in frame pixels.
        region: The window.
        overview: People found in the whole frame, in frame pixels.
        frame_size: Width and height of the frame, pixels.
        pixels_per_input: Frame pixels per network input pixel in the window.

    Returns:
        ``(P,)`` of the window's people.
    """
    whole = overview.boxes[overview.scores >= _SURE]
    window = np.array([region.left, region.top, region.right, region.bottom], np.float32)
    reach = _EDGE_PIXELS * pixels_per_input
    begins = (poses.boxes[:, :2] < window[:2] + reach) & (window[:2] > 0)
    ends = (poses.boxes[:, 2:] > window[2:] - reach) & (window[2:] < np.array(frame_size))
    touching = (begins | ends).any(axis=1)
    beyond = (whole[:, :2] < window[:2]).any(axis=1) | (whole[:, 2:] > window[2:]).any(axis=1)
    return touching & _covered(poses.boxes, whole[beyond])


def _covered(
    boxes: npt.NDArray[np.float32], others: npt.NDArray[np.float32]
) -> npt.NDArray[np.bool_]:
    """Tell which ``(P, 4)`` boxes lie mostly in a larger one of ``(N, 4)`` others."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas, other_areas = _areas(boxes)[:, None], _areas(others)[None]
    return ((shared > _COVERED * areas) & (other_areas > _LARGER * areas)).any(axis=1)


def _areas(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), np.float32)

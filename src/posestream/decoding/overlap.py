"""Leave out boxes of somebody who was found better already."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled


@compiled
def without_overlap(
    boxes: npt.NDArray[np.float32], limit: float, most: int
) -> npt.NDArray[np.int64]:
    """Choose boxes that overlap no better one too much.

    Args:
        boxes: ``(N, 4)`` left, top, right, bottom, best first, any unit.
        limit: Intersection over union with a better box above which a box is left out.
        most: Boxes to keep at most.

    Returns:
        Indices of the boxes to keep, ascending.

    Source:
        Greedy non-maximum suppression.
    """
    kept = np.empty(min(len(boxes), most), np.int64)
    count = 0
    for n in range(len(boxes)):
        if count == len(kept):
            break
        alone = True
        for other in kept[:count]:
            if overlap(boxes[n], boxes[other]) > limit:
                alone = False
                break
        if alone:
            kept[count] = n
            count += 1
    return kept[:count]


@compiled(cached=False)
def overlap(box: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the intersection over union of two boxes, 0 where both are empty."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    first = (box[2] - box[0]) * (box[3] - box[1])
    second = (other[2] - other[0]) * (other[3] - other[1])
    union = first + second - shared
    return shared / union if union > 0 else 0.0

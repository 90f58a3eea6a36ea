"""Understand NanoDet: scores and side distances in every cell of three strides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.errors import InferenceError
from posestream.geometry import Letterbox
from posestream.secondary import Maps, Objects
from posestream.secondary.suppression import in_picture, suppressed, sure_objects

STRIDES = (8, 16, 32)
_MAX_OVERLAP = 0.6
_MOST_PER_STRIDE = 1000


class NanoDetDecoder:
    """Turns NanoDet's six outputs into objects.

    The distance from a cell's middle to a side of the box is the mean of a softmax over bins, in
    strides.

    Source:
        Li et al. 2020, Generalized Focal Loss; https://github.com/RangiLyu/nanodet.

    Args:
        threshold: Least score of an object.
    """

    def __init__(self, *, threshold: float) -> None:
        self._threshold = threshold

    def decode(self, maps: Maps, letterboxes: Sequence[Letterbox]) -> list[Objects]:
        """Return the objects of each picture, boxes in its own pixels.

        Raises:
            InferenceError: If bins do not fall into four sides.
        """
        return [self._picture(maps, b, letterbox) for b, letterbox in enumerate(letterboxes)]

    def _picture(self, maps: Maps, b: int, letterbox: Letterbox) -> Objects:
        width = letterbox.input_size[0]
        parts = [
            _candidates(
                maps[f"object_scores_{stride}"][b],
                maps[f"side_bins_{stride}"][b],
                stride=stride,
                columns=-(-width // stride),
                threshold=self._threshold,
            )
            for stride in STRIDES
        ]
        boxes, scores, classes = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        sure = sure_objects(
            in_picture(boxes, letterbox), scores, classes, threshold=self._threshold
        )
        return suppressed(sure, max_overlap=_MAX_OVERLAP)


def _candidates(
    scores: npt.NDArray[np.float32],
    bins: npt.NDArray[np.float32],
    *,
    stride: int,
    columns: int,
    threshold: float,
) -> Objects:
    """Return every cell and class over the threshold; boxes in input pixels."""
    count, rest = divmod(bins.shape[1], 4)
    if rest or count < 2:
        raise InferenceError(
            f"side_bins_{stride}: {bins.shape[1]} channels; allowed: 4 sides of 2 or more bins"
        )
    cells, classes = np.nonzero((scores >= threshold) & np.isfinite(scores))
    found = scores[cells, classes]
    best = np.argsort(-found, kind="stable")[:_MOST_PER_STRIDE]
    cells, classes, found = cells[best], classes[best], found[best]
    distances = _expected(bins[cells].reshape(-1, 4, count)) * stride
    row, column = np.divmod(cells, columns)
    middles = (np.stack([column, row], axis=1) + 0.5) * stride
    boxes = np.concatenate([middles - distances[:, :2], middles + distances[:, 2:]], axis=1)
    return boxes.astype(np.float32), found, classes.astype(np.int64)


def _expected(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the mean bin of ``(N, 4, n)`` logits; NaN where one of them is not finite."""
    with np.errstate(invalid="ignore"):
        shares = np.exp(logits.astype(np.float64) - logits.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        return shares @ np.arange(logits.shape[2], dtype=np.float64)

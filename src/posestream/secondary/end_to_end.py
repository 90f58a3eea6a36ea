"""Understand detectors whose network ends in boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posestream.errors import InferenceError
from posestream.geometry import Letterbox
from posestream.secondary import Maps, Objects
from posestream.secondary.suppression import in_picture, sure_objects


class EndToEndDecoder:
    """Takes rows of left, top, right, bottom, score, class as they are.

    Args:
        threshold: Least score of an object.
        classes: How many classes have a name; 0 if nobody named them.
    """

    def __init__(self, *, threshold: float, classes: int) -> None:
        self._threshold = threshold
        self._classes = classes

    def decode(self, maps: Maps, letterboxes: Sequence[Letterbox]) -> list[Objects]:
        """Return the objects of each picture, boxes in its own pixels.

        Raises:
            InferenceError: If an object is of a class that has no name.
        """
        rows = maps["detections"]
        return [self._picture(rows[b], box) for b, box in enumerate(letterboxes)]

    def _picture(self, rows: np.ndarray, letterbox: Letterbox) -> Objects:
        rows = rows[np.isfinite(rows).all(axis=1)]
        numbers = np.clip(np.rint(rows[:, 5]), -1, 1 << 31).astype(np.int64)
        found = sure_objects(
            in_picture(rows[:, :4], letterbox), rows[:, 4], numbers, threshold=self._threshold
        )
        classes = found[2]
        wrong = (classes < 0) | (classes >= self._classes if self._classes else False)
        if wrong.any():
            raise InferenceError(
                f"detections: class {int(classes[wrong][0])} is not allowed; "
                f"allowed: 0 to {self._classes - 1}, one for each label"
                if self._classes
                else f"detections: class {int(classes[wrong][0])} is not allowed; allowed: from 0"
            )
        return found

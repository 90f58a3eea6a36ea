"""From a classifier's scores to one label per picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.errors import InferenceError
from posestream.findings import Attributes

_SLACK = 1e-3  # what rounding to bfloat16 may add to a confidence


def best_classes(
    scores: npt.NDArray[np.float32],
    *,
    activation: str,
    threshold: float,
    names: tuple[str, ...] = (),
    keep: npt.NDArray[np.bool_] | None = None,
) -> Attributes:
    """Return the surest class of each row, where it is sure enough.

    Args:
        scores: ``(B, C)``; a row with a number that is not finite gets no label.
        activation: ``softmax`` or ``sigmoid`` for logits, ``none`` for confidences.
        threshold: Least confidence of a label.
        names: Label of each class.
        keep: ``(C,)`` labels worth reporting; a row whose surest is another gets none.

    Raises:
        InferenceError: If scores without an activation are not confidences.
    """
    if not scores.size:
        return Attributes.none(len(scores), names)
    real: npt.NDArray[np.bool_] = np.all(np.isfinite(scores), axis=1)
    confidences = _confidences(np.where(real[:, None], scores, 0), activation)
    classes = confidences.argmax(axis=1).astype(np.int64)
    best = confidences[np.arange(len(classes)), classes].astype(np.float32)
    sure = real & (best >= threshold)
    if keep is not None:
        sure &= keep[classes]
    return Attributes(np.where(sure, classes, -1), np.where(sure, best, np.float32(0)), names)


def _confidences(scores: npt.NDArray[np.float32], activation: str) -> npt.NDArray[np.float64]:
    values = scores.astype(np.float64)
    if activation == "softmax":
        values = np.exp(values - values.max(axis=1, keepdims=True))
        return values / values.sum(axis=1, keepdims=True)
    if activation == "sigmoid":
        return 0.5 * (1 + np.tanh(values / 2))
    if values.min() < -_SLACK or values.max() > 1 + _SLACK:
        raise InferenceError(
            f"class_scores: {values.min():.3g} to {values.max():.3g} with activation 'none'; "
            "allowed: 0 to 1, or activation 'softmax' or 'sigmoid' on the card"
        )
    return np.clip(values, 0, 1)

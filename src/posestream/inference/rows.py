"""Hold secondary models, whose outputs are rows of scores instead of maps, to their cards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.errors import InferenceError, ModelError
from posestream.models.card import ModelCard

RowShape = tuple[int | None, ...]
"""Lengths of axes; None where they are free."""
_DETECTION_NUMBERS = 6


def promised_rows(
    card: ModelCard, meaning: str, batch_shape: Sequence[int | None]
) -> RowShape | None:
    """Return the shape that a card promises for an output, or None if it is a map.

    Args:
        card: Describes the network.
        meaning: What the output means.
        batch_shape: ``B``, ``H``, ``W`` of the network's input, None where unknown.
    """
    batch, height, width = batch_shape[:3]
    classes = len(card.labels) or None
    if meaning == "class_scores":
        return batch, classes
    if meaning == "detections":
        return batch, None, _DETECTION_NUMBERS
    what, _, stride = meaning.rpartition("_")
    if what not in ("object_scores", "side_bins"):
        return None
    cells = None
    if height is not None and width is not None:
        cells = -(-height // int(stride)) * -(-width // int(stride))
    return batch, cells, classes if what == "object_scores" else None


def check_row_port(card: ModelCard, name: str, shape: RowShape, meaning: str) -> bool:
    """Compare the shape that a network tells of an output with what its card promises.

    Returns:
        Whether the output is of rows, so that there is nothing else to check.

    Raises:
        ModelError: If they cannot agree; the message names the output and both shapes.
    """
    width, height = card.input.fixed_size or (None, None)
    promised = promised_rows(card, meaning, (None, height, width))
    if promised is not None and not _fits(shape, promised):
        raise ModelError(
            f"model {card.name!r}: output {name!r} is {_written(shape)}; {_promise(card, promised)}"
        )
    return promised is not None


def check_rows(
    card: ModelCard, name: str, array: npt.NDArray[np.float32], promised: RowShape
) -> None:
    """Compare an output with what its card promises.

    Raises:
        InferenceError: If they differ; the message names the output and both shapes.
    """
    if array.dtype != np.float32 or not _fits(array.shape, promised):
        raise InferenceError(
            f"model {card.name!r}: output {name!r} is {array.shape} {array.dtype}; "
            f"{_promise(card, promised)}"
        )


def _fits(found: RowShape, promised: RowShape) -> bool:
    return len(found) == len(promised) and all(
        a is None or b is None or a == b for a, b in zip(found, promised, strict=True)
    )


def _promise(card: ModelCard, promised: RowShape) -> str:
    hint = f" and has {len(card.labels)} labels" if card.labels else ""
    return f"the card promises {_written(promised)} float32{hint}"


def _written(shape: RowShape) -> str:
    """Write a shape with ? for free sides."""
    return "(" + ", ".join("?" if side is None else str(side) for side in shape) + ")"

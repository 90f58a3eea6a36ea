"""The end of MoveNet SinglePose, from maps to one person's keypoints, for any batch.

TensorFlow's graph does the same for a batch of one only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from movenet.onnx_builder import OnnxBuilder

KEYPOINTS = 17


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """Names of the network's NCHW maps, ``h`` by ``w`` cells."""

    centers: str
    """``(B, 1, h, w)`` confidence in a person's center."""
    heatmaps: str
    """``(B, 17, h, w)`` confidence in each keypoint."""
    regression: str
    """``(B, 34, h, w)`` (dy, dx) of each keypoint from the center."""
    offsets: str
    """``(B, 34, h, w)`` (dy, dx) within the keypoint's cell."""


def one_person(
    builder: OnnxBuilder,
    maps: Maps,
    *,
    center_weights: npt.NDArray[np.float32],
    softness: float,
) -> str:
    """Find the keypoints of the person nearest the middle.

    The best weighted center says where each keypoint should be; the keypoint is the cell with the
    best ratio of confidence to distance from there, moved by its offset.

    Args:
        builder: Where operations go.
        maps: The network's maps.
        center_weights: ``(h, w)`` preference for the middle.
        softness: Added to distances, cells.

    Returns:
        Name of a ``(B, 1, 17, 3)`` tensor: y, x in [0, 1] of the input, and confidence.
    """
    rows, columns = center_weights.shape
    weights = builder.constant(center_weights[None, None], np.float32)
    weighted = builder.emit("Mul", [maps.centers, weights])
    center = builder.emit("ArgMax", [_reshaped(builder, weighted, 1, -1)], axis=2)
    guess = _guess(builder, maps.regression, center, columns)
    heatmaps = _reshaped(builder, maps.heatmaps, KEYPOINTS, -1)
    distances = _distances(builder, guess, rows, columns)
    soft = builder.emit("Add", [distances, builder.constant(softness, np.float32)])
    cells = builder.emit("ArgMax", [builder.emit("Div", [heatmaps, soft])], axis=2)
    points = _points(builder, maps.offsets, cells, (rows, columns))
    scores = builder.emit("GatherElements", [heatmaps, cells], axis=2)
    person = builder.emit("Concat", [points, scores], axis=2)
    return builder.emit("Unsqueeze", [person, builder.constant([1], np.int64)])


def _guess(builder: OnnxBuilder, regression: str, center: str, columns: int) -> str:
    """Return ``(B, 17, 2)`` y, x where keypoints should be; ``center`` is ``(B, 1, 1)``."""
    channels = builder.constant([1, 2 * KEYPOINTS, 1], np.int64)
    index = builder.emit("Expand", [center, channels])
    flat = _reshaped(builder, regression, 2 * KEYPOINTS, -1)
    shifts = builder.emit("GatherElements", [flat, index], axis=2)
    shifts = _reshaped(builder, shifts, KEYPOINTS, 2)
    return builder.emit("Add", [_position(builder, center, columns), shifts])


def _position(builder: OnnxBuilder, cells: str, columns: int) -> str:
    """Turn ``(B, n, 1)`` cell numbers into ``(B, n, 2)`` rows and columns."""
    width = builder.constant(columns, np.int64)
    parts = [builder.emit(operation, [cells, width]) for operation in ("Div", "Mod")]
    return builder.emit("Cast", [builder.emit("Concat", parts, axis=2)], to=1)


def _distances(builder: OnnxBuilder, guess: str, rows: int, columns: int) -> str:
    """Return ``(B, 17, h * w)`` distances of every cell from ``(B, 17, 2)`` points."""
    squares = []
    for axis, places in enumerate(np.indices((rows, columns)).reshape(2, 1, 1, -1)):
        coordinate = builder.emit("Gather", [guess, builder.constant([axis], np.int64)], axis=2)
        difference = builder.emit("Sub", [builder.constant(places, np.float32), coordinate])
        squares.append(builder.emit("Mul", [difference, difference]))
    return builder.emit("Sqrt", [builder.emit("Add", squares)])


def _points(builder: OnnxBuilder, offsets: str, cells: str, size: tuple[int, int]) -> str:
    """Return ``(B, 17, 2)`` y, x in [0, 1] of keypoints in ``(B, 17, 1)`` cells."""
    pairs = builder.constant([1, 1, 2, 1], np.int64)
    deeper = builder.emit("Unsqueeze", [cells, builder.constant([2], np.int64)])
    index = builder.emit("Expand", [deeper, pairs])
    flat = _reshaped(builder, offsets, KEYPOINTS, 2, -1)
    shifts = builder.emit("GatherElements", [flat, index], axis=3)
    shifts = _reshaped(builder, shifts, KEYPOINTS, 2)
    points = builder.emit("Add", [_position(builder, cells, size[1]), shifts])
    return builder.emit("Mul", [points, builder.constant(1 / np.array(size), np.float32)])


def _reshaped(builder: OnnxBuilder, tensor: str, *shape: int) -> str:
    """Reshape all axes but the first, the batch."""
    return builder.emit("Reshape", [tensor, builder.constant(_batch_and(shape), np.int64)])


def _batch_and(shape: Sequence[int]) -> list[int]:
    return [0, *shape]

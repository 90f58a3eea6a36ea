"""Hold callers and networks to what the model card says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from posestream.errors import InferenceError, ModelError
from posestream.models.card import ModelCard

Maps = Mapping[str, npt.NDArray[np.float32]]
Arrays = Sequence[npt.NDArray[np.float32]]
_MORE_CHANNELS = ("confidence_maps", "part_affinity_fields")
"""Meanings that may have more channels than the topology needs, such as a background."""


def port_names(
    card: ModelCard, inputs: Sequence[str], outputs: Sequence[str]
) -> tuple[str, list[str]]:
    """Return the network's own names of what a card names, which may also count: ``#0``, ``#1``.

    Args:
        card: Describes the network.
        inputs: The network's inputs.
        outputs: The network's outputs, in its order.

    Returns:
        The input, and an output for each of the card's, in its order.

    Raises:
        ModelError: If there is no such input or output, or more than one input.
    """
    wanted = inputs[0] if card.input.name == "#0" and inputs else card.input.name
    if list(inputs) != [wanted]:
        raise ModelError(
            f"model {card.name!r}: input.name: {card.input.name!r} is not allowed; "
            f"the network's inputs: {', '.join(inputs)}"
        )
    counted = {f"#{place}": name for place, name in enumerate(outputs)}
    names = [name if name in outputs else counted.get(name, name) for name in card.outputs]
    for asked, name in zip(card.outputs, names, strict=True):
        if name not in outputs:
            raise ModelError(
                f"model {card.name!r}: outputs: {asked!r} is not allowed; "
                f"the network's outputs: {', '.join(outputs)}"
            )
    return wanted, names


def input_conflict(card: ModelCard, port: str, declared: Sequence[int | None]) -> str | None:
    """Return how a network's input contradicts its card, or None if it does not.

    Args:
        card: Describes the network.
        port: The network's own name of its input.
        declared: Sizes of its axes; None for those that are free.
    """
    width, height = card.input.fixed_size or (None, None)
    wanted = [card.input.batch, height, width, 3]
    if card.input.layout == "NCHW":
        wanted = [card.input.batch, 3, height, width]
    if len(declared) == 4 and all(
        one is None or other is None or one == other
        for one, other in zip(declared, wanted, strict=True)
    ):
        return None
    axes = ["B", "H", "W", "3"] if card.input.layout == "NHWC" else ["B", "3", "H", "W"]
    asked = ", ".join(
        a if size is None else str(size) for a, size in zip(axes, wanted, strict=True)
    )
    found = ", ".join("free" if size is None else str(size) for size in declared)
    return f"model {card.name!r}: input {port!r} is ({found}); the card promises ({asked})"


def run_checked(
    card: ModelCard,
    pixels: npt.NDArray[np.uint8],
    run: Callable[[npt.NDArray[np.uint8]], Arrays],
) -> Maps:
    """Run a network on a batch, in pieces if it takes only one batch, and name what it says.

    Args:
        card: Describes the network.
        pixels: ``(B, H, W, 3)`` RGB.
        run: Returns one array for each of the card's ``outputs``, in that order.

    Raises:
        InferenceError: If the card allows no such pixels, or promises other outputs.
    """
    _check_pixels(card, pixels)
    size = card.input.batch or len(pixels)
    parts = [run(pixels[start : start + size]) for start in range(0, len(pixels), size)]
    if len(parts) == 1:
        arrays = parts[0]
    else:
        arrays = [_joined(pieces) for pieces in zip(*parts, strict=True)]
    return _checked_maps(card, arrays, pixels.shape)


def _joined(pieces: Arrays) -> npt.NDArray[np.float32]:
    """Join batches; networks that say as many people as they see get rows of nobody, all 0."""
    most = max((piece.shape[1] for piece in pieces if piece.ndim > 1), default=0)
    padded = [
        np.pad(piece, [(0, 0), (0, most - piece.shape[1]), *[(0, 0)] * (piece.ndim - 2)])
        if piece.ndim > 1 and piece.shape[1] < most
        else piece
        for piece in pieces
    ]
    return np.concatenate(padded)


def _check_pixels(card: ModelCard, pixels: npt.NDArray[np.uint8]) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] != 3 or not len(pixels):
        raise InferenceError(
            f"model {card.name!r}: pixels are {pixels.shape} {pixels.dtype}; "
            "allowed: (B, H, W, 3) uint8 with B of 1 or more"
        )
    _, height, width, _ = pixels.shape
    if refusal := card.input.refusal(width, height):
        raise InferenceError(f"model {card.name!r}: input of {width} x {height} pixels; {refusal}")


def _checked_maps(card: ModelCard, arrays: Arrays, batch_shape: tuple[int, ...]) -> Maps:
    for (name, meaning), array in zip(card.outputs.items(), arrays, strict=True):
        promised = promised_shape(card, meaning, batch_shape)
        at_least = meaning in _MORE_CHANNELS
        fits = array.ndim == len(promised) and all(
            wanted is None or found == wanted or (at_least and axis == 1 and found > wanted)
            for axis, (found, wanted) in enumerate(zip(array.shape, promised, strict=True))
        )
        if array.dtype != np.float32 or not fits:
            more = " or more channels" if at_least else ""
            shape = ", ".join("N" if size is None else str(size) for size in promised)
            raise InferenceError(
                f"model {card.name!r}: output {name!r} is {array.shape} {array.dtype}; "
                f"the card promises ({shape}) float32{more}"
            )
    return dict(zip(card.outputs.values(), arrays, strict=True))


def promised_shape(
    card: ModelCard, meaning: str, batch_shape: tuple[int, ...]
) -> tuple[int | None, ...]:
    """Return the shape that a card promises of an output.

    Args:
        card: Describes the network.
        meaning: What the output means, one of the card's.
        batch_shape: ``(B, H, W, ...)`` of the input.

    Returns:
        Sizes; None where the network may choose, such as the number of people.
    """
    batch, height, width = batch_shape[:3]
    keypoints = len(card.topology.keypoints)
    people: dict[str, tuple[int | None, ...]] = {
        "person_keypoints": (batch, 1, keypoints, 3),
        "simcc_x": (batch, keypoints, round(width * card.split_ratio)),
        "simcc_y": (batch, keypoints, round(height * card.split_ratio)),
        "yolo_predictions": (batch, 5 + 3 * keypoints, None),
        "yolo_people": (batch, None, 6 + 3 * keypoints),
        "person_boxes": (batch, None, 5),
        "box_keypoints": (batch, None, keypoints, 3),
        "movenet_people": (batch, None, 3 * keypoints + 5),
    }
    if meaning in people:
        return people[meaning]
    channels = {
        "center_heatmap": 1,
        "box_size": 2,
        "keypoint_heatmap": keypoints,
        "keypoint_regression": 2 * keypoints,
        "keypoint_offset": 2 * keypoints,
        "confidence_maps": keypoints,
        "part_affinity_fields": 1 + max((max(p) for p in card.topology.paf_channels), default=0),
    }[meaning]
    return batch, channels, -(-height // card.stride), -(-width // card.stride)

"""Hold callers and networks to what the model card says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.errors import InferenceError, ModelError, OutOfMemoryError
from posestream.inference.rows import check_row_port, check_rows, promised_rows
from posestream.models.card import ModelCard

Maps = Mapping[str, npt.NDArray[np.float32]]
Arrays = Sequence[npt.NDArray[np.float32]]
_AT_LEAST = ("confidence_maps", "part_affinity_fields")
"""Meanings whose maps may have more channels than the topology needs."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a network, as its library tells of it."""

    name: str
    """What the network calls it."""
    shape: tuple[int | None, ...] | None = None
    """Sides, None where one is free; None where not even their number is known."""


def chosen_ports(
    card: ModelCard, inputs: Sequence[Port], outputs: Sequence[Port]
) -> tuple[str, list[str]]:
    """Return the network's own names of what a card names, which may also count: ``#0``, ``#1``.

    Args:
        card: Describes the network.
        inputs: The network's inputs.
        outputs: The network's outputs, in its order.

    Returns:
        The input, and an output for each of the card's, in its order.

    Raises:
        ModelError: If there is no such input or output, more than one input, or a shape that the
            card does not promise; the message names the tensor and both shapes.
    """
    wanted = inputs[0].name if card.input.name == "#0" and inputs else card.input.name
    if [port.name for port in inputs] != [wanted]:
        raise ModelError(
            f"model {card.name!r}: input.name: {card.input.name!r} is not allowed; "
            f"the network's inputs: {', '.join(port.name for port in inputs)}"
        )
    _check_input_shape(card, inputs[0])
    ports = {f"#{place}": port for place, port in enumerate(outputs)}
    ports |= {port.name: port for port in outputs}
    for name, meaning in card.outputs.items():
        if name not in ports:
            raise ModelError(
                f"model {card.name!r}: outputs: {name!r} is not allowed; "
                f"the network's outputs: {', '.join(port.name for port in outputs)}"
            )
        _check_output_shape(card, ports[name], meaning)
    return wanted, [ports[name].name for name in card.outputs]


def _check_input_shape(card: ModelCard, port: Port) -> None:
    """Refuse a network whose input has sides that the card's pictures do not have."""
    width, height = card.input.fixed_size or (None, None)
    promised = (card.input.batch, height, width, 3)
    if card.input.layout == "NCHW":
        promised = (card.input.batch, 3, height, width)
    fits = port.shape is None or (
        len(port.shape) == 4
        and all(
            found is None or found == asked
            for found, asked in zip(port.shape[1:], promised[1:], strict=True)
        )
    )
    if not fits:
        hint = "" if card.input.fixed_size else "; a network of one size needs input.fixed_size"
        raise ModelError(
            f"model {card.name!r}: input {port.name!r} is {_written(port.shape)}; "
            f"the card promises {_written(promised)}{hint}"
        )


def _check_output_shape(card: ModelCard, port: Port, meaning: str) -> None:
    """Refuse an output whose channels cannot be what the card says it means."""
    if port.shape is None or check_row_port(card, port.name, port.shape, meaning):
        return
    width, height = card.input.fixed_size or (card.stride, card.stride)
    promised = (None, *promised_shape(card, meaning, (1, height, width))[1:])
    if meaning in _channels_of_maps(card):  # as large as the picture makes them
        promised = (None, promised[1], None, None)
    at_least = meaning in _AT_LEAST
    fits = len(port.shape) == len(promised) and all(
        found is None
        or asked is None
        or found == asked
        or (at_least and axis == 1 and found > asked)
        for axis, (found, asked) in enumerate(zip(port.shape, promised, strict=True))
    )
    if not fits:
        more = " or more channels" if at_least else ""
        raise ModelError(
            f"model {card.name!r}: output {port.name!r} is {_written(port.shape)}; as {meaning} of "
            f"topology {card.topology.name!r} it must be {_written(promised)}{more}"
        )


def _written(shape: Sequence[int | None] | None) -> str:
    """Write a shape with ? for free sides."""
    return "(" + ", ".join("?" if side is None else str(side) for side in shape or ()) + ")"


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
    parts = [
        part
        for start in range(0, len(pixels), size)
        for part in _run_within_memory(pixels[start : start + size], run)
    ]
    if len(parts) == 1:
        arrays = parts[0]
    else:
        arrays = [_joined(pieces) for pieces in zip(*parts, strict=True)]
    return _checked_maps(card, arrays, pixels.shape)


def _run_within_memory(
    pixels: npt.NDArray[np.uint8], run: Callable[[npt.NDArray[np.uint8]], Arrays]
) -> list[Arrays]:
    """Run a batch, or its halves if the device has no room for all of it.

    Raises:
        OutOfMemoryError: If there is no room for a half either, or the batch is one picture.
    """
    try:
        return [run(pixels)]
    except OutOfMemoryError as error:
        if len(pixels) == 1:
            raise
        _log.warning("%s; trying half of it", error)
    half = (len(pixels) + 1) // 2
    return [run(pixels[:half]), run(pixels[half:])]


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
        if rows := promised_rows(card, meaning, batch_shape):
            check_rows(card, name, array, rows)
            continue
        promised = promised_shape(card, meaning, batch_shape)
        at_least = meaning in _AT_LEAST
        fits = array.ndim == len(promised) and all(
            wanted is None or found == wanted or (at_least and axis == 1 and found > wanted)
            for axis, (found, wanted) in enumerate(zip(array.shape, promised, strict=True))
        )
        if array.dtype != np.float32 or not fits:
            more = " or more channels" if at_least else ""
            raise InferenceError(
                f"model {card.name!r}: output {name!r} is {array.shape} {array.dtype}; "
                f"the card promises {_written(promised)} float32{more}"
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
    return (
        batch,
        _channels_of_maps(card)[meaning],
        -(-height // card.stride),
        -(-width // card.stride),
    )


def _channels_of_maps(card: ModelCard) -> dict[str, int]:
    """Return how many channels each kind of map has at least, by its meaning."""
    keypoints = len(card.topology.keypoints)
    return {
        "center_heatmap": 1,
        "box_size": 2,
        "keypoint_heatmap": keypoints,
        "keypoint_regression": 2 * keypoints,
        "keypoint_offset": 2 * keypoints,
        "confidence_maps": keypoints,
        "part_affinity_fields": 1 + max((max(p) for p in card.topology.paf_channels), default=0),
    }

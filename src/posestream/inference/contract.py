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
    promised = _promised_shape(card, meaning, (1, card.stride, card.stride))
    channels = port.shape[1] if len(port.shape) == len(promised) else -1
    enough = channels is None or (
        channels >= promised[1] if meaning in _AT_LEAST else channels == promised[1]
    )
    if not enough:
        more = " or more channels" if meaning in _AT_LEAST else ""
        raise ModelError(
            f"model {card.name!r}: output {port.name!r} is {_written(port.shape)}; as {meaning} of "
            f"topology {card.topology.name!r} it must be "
            f"{_written((None, promised[1], *[None] * (len(promised) - 2)))}{more}"
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
        arrays = [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]
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
        promised = _promised_shape(card, meaning, batch_shape)
        at_least = meaning in _AT_LEAST
        channels_fit = array.ndim == 4 and (
            array.shape[1] >= promised[1] if at_least else array.shape[1] == promised[1]
        )
        rest_fits = array.shape[:1] + array.shape[2:] == promised[:1] + promised[2:]
        if array.dtype != np.float32 or not channels_fit or not rest_fits:
            more = " or more channels" if at_least else ""
            raise InferenceError(
                f"model {card.name!r}: output {name!r} is {array.shape} {array.dtype}; "
                f"the card promises {promised} float32{more}"
            )
    return dict(zip(card.outputs.values(), arrays, strict=True))


def _promised_shape(
    card: ModelCard, meaning: str, batch_shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    batch, height, width = batch_shape[:3]
    keypoints = len(card.topology.keypoints)
    if meaning == "person_keypoints":
        return batch, 1, keypoints, 3
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

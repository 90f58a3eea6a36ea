"""Hold callers and networks to what the model card says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from posestream.errors import InferenceError, ModelError, OutOfMemoryError
from posestream.models.card import ModelCard

Maps = Mapping[str, npt.NDArray[np.float32]]
Arrays = Sequence[npt.NDArray[np.float32]]
_log = logging.getLogger(__name__)


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
        promised = _promised_shape(card, meaning, batch_shape)
        at_least = meaning in ("confidence_maps", "part_affinity_fields")
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

"""Convert pixels to what a network takes, for libraries that cannot do it in the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.models.card import InputSpec


def network_input(spec: InputSpec, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
    """Return ``(B, H, W, 3)`` RGB pixels as a card's input: colour, scale, layout and type."""
    values: npt.NDArray[Any] = pixels[..., ::-1] if spec.colour == "BGR" else pixels
    if not spec.takes_raw_pixels:
        factor = np.float32(spec.scale) / np.asarray(spec.std, np.float32)
        shift = np.asarray(spec.mean, np.float32) / np.asarray(spec.std, np.float32)
        values = values * factor - shift
    if spec.layout == "NCHW":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, np.dtype(spec.dtype))

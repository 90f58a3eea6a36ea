"""What the kernel computes, in plain numpy: slow, readable, the oracle of its tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox
from posestream.gpu.surfaces import Colour
from posestream.models.card import InputSpec

Array = npt.NDArray[np.float32]


def triangle_weights(samples: int, outputs: int, *, samples_per_output: float) -> Array:
    """Return ``(outputs, samples)``: how much each sample counts for each output, rows sum to 1.

    The triangle is two outputs wide, but never narrower than two samples.
    """
    support = max(samples_per_output, 1.0)
    centers = (np.arange(outputs) + 0.5) * samples_per_output
    away = np.abs(np.arange(samples) + 0.5 - centers[:, None]) / support
    weights = np.maximum(1 - away, 0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def resized_rgb(
    luma: npt.NDArray[np.uint8],
    chroma: npt.NDArray[np.uint8],
    size: tuple[int, int],
    colour: Colour,
) -> Array:
    """Return ``(h, w, 3)`` RGB of 0 to 255, not rounded.

    Args:
        luma: ``(H, W)``.
        chroma: ``(ceil(H / 2), ceil(W / 2), 2)``, Cb and Cr.
        size: Width and height wanted, pixels.
        colour: What the values mean.
    """
    (height, width), (columns, rows) = luma.shape, size
    down, across = height / rows, width / columns
    y = _resized(luma[..., None], rows, columns, down, across)[..., 0]
    cb, cr = np.moveaxis(_resized(chroma, rows, columns, down / 2, across / 2) - 128, 2, 0)
    black, factor, cr_red, cb_green, cr_green, cb_blue = colour.coefficients
    light = (y - black) * factor
    rgb = np.stack(
        [light + cr * cr_red, light + cb * cb_green + cr * cr_green, light + cb * cb_blue], 2
    )
    return np.clip(rgb, 0, 255).astype(np.float32)


def network_input(
    luma: npt.NDArray[np.uint8],
    chroma: npt.NDArray[np.uint8],
    *,
    box: Letterbox,
    colour: Colour,
    spec: InputSpec,
) -> Array:
    """Return ``(H, W, 3)``, one picture of the input, channels last in the order of the card."""
    width, height = box.input_size
    (left, top), (columns, rows) = box.offset, box.content_size
    pixels = np.full((height, width, 3), spec.pad_value, np.float32)
    inside = resized_rgb(luma, chroma, box.content_size, colour)
    pixels[top : top + rows, left : left + columns] = inside
    if spec.dtype != "float32":
        pixels = np.floor(pixels + 0.5)
    if spec.colour == "BGR":
        pixels = pixels[..., ::-1]
    std = np.asarray(spec.std, np.float32)
    return (pixels * np.float32(spec.scale) - np.asarray(spec.mean, np.float32)) / std


def _resized(
    planes: npt.NDArray[np.uint8], rows: int, columns: int, down: float, across: float
) -> Array:
    above = triangle_weights(planes.shape[0], rows, samples_per_output=down)
    along = triangle_weights(planes.shape[1], columns, samples_per_output=across)
    return np.einsum("yi,ijc,xj->yxc", above, planes.astype(np.float32), along, optimize=True)

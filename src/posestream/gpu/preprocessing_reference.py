"""What the kernel computes, in plain numpy: slow, readable, the oracle of its tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox
from posestream.gpu.surfaces import Colour
from posestream.models.card import InputSpec

Array = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating]


def triangle_weights(samples: int, centers: Floats, *, samples_per_output: float) -> Array:
    """Return ``(N, samples)``: how much each sample counts for each output, rows sum to 1.

    The triangle is two outputs wide, but never narrower than two samples.

    Args:
        samples: How many there are; sample ``i`` covers ``[i, i + 1)``.
        centers: ``(N,)`` where the middles of the outputs lie among the samples.
        samples_per_output: Distance of the middles.
    """
    support = max(samples_per_output, 1.0)
    away = np.abs(np.arange(samples) + 0.5 - centers[:, None]) / support
    weights = np.maximum(1 - away, 0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def resized_rgb(
    luma: npt.NDArray[np.uint8],
    chroma: npt.NDArray[np.uint8],
    centers: tuple[Floats, Floats],
    steps: tuple[float, float],
    colour: Colour,
) -> Array:
    """Return ``(h, w, 3)`` RGB of 0 to 255, not rounded.

    Args:
        luma: ``(H, W)``.
        chroma: ``(ceil(H / 2), ceil(W / 2), 2)``, Cb and Cr.
        centers: ``(w,)`` and ``(h,)`` middles of the pixels wanted, frame pixels, inside it.
        steps: Frame pixels per pixel wanted, across and down.
        colour: What the values mean.
    """
    y = _resized(luma[..., None], centers, steps)[..., 0]
    halves = (centers[0] / 2, centers[1] / 2), (steps[0] / 2, steps[1] / 2)
    cb, cr = np.moveaxis(_resized(chroma, *halves) - 128, 2, 0)
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
    corner: tuple[int, int] = (0, 0),
) -> Array:
    """Return ``(H, W, 3)``, one picture of the input, channels last in the order of the card.

    Args:
        luma: ``(H, W)`` of the whole frame.
        chroma: ``(ceil(H / 2), ceil(W / 2), 2)``, Cb and Cr.
        box: Where the frame, or a crop of it, lies in the input.
        colour: What the values mean.
        spec: How the network wants its pixels.
        corner: Left and top of the crop, frame pixels.
    """
    width, height = box.input_size
    steps = tuple(np.divide(box.frame_size, box.content_size).tolist())
    middles = [
        corner[axis] + (np.arange(side) + 0.5 - box.offset[axis]) * steps[axis]
        for axis, side in enumerate((width, height))
    ]
    columns, rows = (
        np.flatnonzero((middle >= 0) & (middle < side))
        for middle, side in zip(middles, luma.shape[::-1], strict=True)
    )
    pixels = np.full((height, width, 3), spec.pad_value, np.float32)
    if len(columns) and len(rows):
        centers = (middles[0][columns], middles[1][rows])
        pixels[np.ix_(rows, columns)] = resized_rgb(luma, chroma, centers, steps, colour)
    if spec.dtype != "float32":
        pixels = np.floor(pixels + 0.5)
    if spec.colour == "BGR":
        pixels = pixels[..., ::-1]
    std = np.asarray(spec.std, np.float32)
    return (pixels * np.float32(spec.scale) - np.asarray(spec.mean, np.float32)) / std


def _resized(
    planes: npt.NDArray[np.uint8], centers: tuple[Floats, Floats], steps: tuple[float, float]
) -> Array:
    along, above = (
        triangle_weights(samples, middles, samples_per_output=step)
        for samples, middles, step in zip(planes.shape[1::-1], centers, steps, strict=True)
    )
    lines = np.tensordot(above, planes.astype(np.float32), (1, 0))
    return np.einsum("yjc,xj->yxc", lines, along, optimize=True)

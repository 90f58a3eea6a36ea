"""Run a Caffe network in numpy: slow, readable, and the oracle of what it is converted to.

Source:
    BVLC Caffe, conv_layer.cpp, pooling_layer.cpp, prelu_layer.cpp: sizes and edges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from posestream.models.caffe.layers import Layer, Network, Pair

Array = npt.NDArray[np.float32]


def run_network(
    network: Network, weights: Mapping[str, Sequence[Array]], image: Array
) -> dict[str, Array]:
    """Return every blob as it is after the last layer.

    Args:
        network: The layers.
        weights: Arrays of each layer that has any.
        image: ``(B, C, H, W)``.
    """
    blobs = {network.input: image}
    for layer in network.layers:
        inputs = [blobs[bottom] for bottom in layer.bottoms]
        blobs[layer.top] = _run(layer, inputs, weights.get(layer.name, ()))
    return blobs


def _run(layer: Layer, inputs: Sequence[Array], weights: Sequence[Array]) -> Array:
    first = inputs[0]
    if layer.kind == "Convolution":
        return _convolution(layer, first, weights)
    if layer.kind == "Pooling":
        return _pooling(layer, first)
    if layer.kind == "Concat":
        return np.concatenate(inputs, axis=1)
    slope = weights[0].reshape(-1, 1, 1) if layer.kind == "PReLU" else layer.negative_slope
    return np.where(first > 0, first, first * np.asarray(slope, np.float32))


def _convolution(layer: Layer, image: Array, weights: Sequence[Array]) -> Array:
    rows, columns = layer.pad
    padded = np.pad(image, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    reach = (
        (layer.kernel[0] - 1) * layer.dilation[0] + 1,
        (layer.kernel[1] - 1) * layer.dilation[1] + 1,
    )
    windows = _windows(padded, reach, layer.stride)
    windows = windows[..., :: layer.dilation[0], :: layer.dilation[1]]
    parts = zip(
        np.split(windows, layer.group, axis=1), np.split(weights[0], layer.group), strict=True
    )
    maps = np.concatenate(
        [
            np.tensordot(part, weight, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
            for part, weight in parts
        ],
        axis=1,
    )
    return maps + weights[1].reshape(-1, 1, 1) if layer.has_bias else maps


def _pooling(layer: Layer, image: Array) -> Array:
    """Take the maximum or mean of the part of each window that lies on the picture."""
    overhang = [_overhang(layer, axis, image.shape[2 + axis]) for axis in (0, 1)]
    margins = ((0, 0), (0, 0), *((layer.pad[axis], overhang[axis]) for axis in (0, 1)))
    if layer.pooling == "MAX":
        padded = np.pad(image, margins, constant_values=-np.inf)
        return _windows(padded, layer.kernel, layer.stride).max(axis=(4, 5))
    sums = _windows(np.pad(image, margins), layer.kernel, layer.stride).sum(axis=(4, 5))
    inside = np.pad(np.ones_like(image), margins)
    return sums / _windows(inside, layer.kernel, layer.stride).sum(axis=(4, 5))


def _overhang(layer: Layer, axis: int, size: int) -> int:
    """Return how far the windows reach over the lower or right edge."""
    window, stride, pad = layer.kernel[axis], layer.stride[axis], layer.pad[axis]
    free = size + 2 * pad - window
    count = (-(-free // stride) if layer.rounds_up else free // stride) + 1
    if pad and layer.rounds_up and (count - 1) * stride >= size + pad:
        count -= 1  # a window must begin on the picture or the padding before it
    return max(0, (count - 1) * stride + window - size - pad)


def _windows(image: Array, window: Pair, stride: Pair) -> Array:
    """Return a view of every window, ``(B, C, rows, columns, *window)``."""
    views = np.lib.stride_tricks.sliding_window_view(image, window, axis=(2, 3))
    return views[:, :, :: stride[0], :: stride[1]]

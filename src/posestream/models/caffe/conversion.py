"""Write a Caffe network as ONNX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from posestream.errors import ModelError
from posestream.models.caffe.layers import Layer, Network, weight_shapes
from posestream.models.exporting.onnx_writer import OnnxWriter

Array = npt.NDArray[np.float32]
Weights = Mapping[str, Sequence[Array]]


def fitting_weights(network: Network, weights: Weights) -> dict[str, tuple[Array, ...]]:
    """Return the weights that a network's layers need, in the shapes that they need.

    Old files write vectors as ``(1, 1, 1, N)``.

    Raises:
        ModelError: If a layer's are missing or differ in shape; the message names the layer, the
            expected and the actual shape.
    """
    fitting = dict[str, tuple[Array, ...]]()
    for name, shapes in weight_shapes(network).items():
        if name not in weights:
            raise ModelError(f"layer {name!r}: has no weights; expected {_named(shapes)}")
        found = weights[name]
        if len(found) != len(shapes) or any(
            _bare(array.shape) != _bare(shape) for array, shape in zip(found, shapes, strict=True)
        ):
            raise ModelError(
                f"layer {name!r}: weights of shape {_named([array.shape for array in found])}; "
                f"expected {_named(shapes)}"
            )
        fitting[name] = tuple(
            array.reshape(shape) for array, shape in zip(found, shapes, strict=True)
        )
    return fitting


def write_layers(network: Network, weights: Weights, writer: OnnxWriter) -> dict[str, str]:
    """Add a network's operations and return the tensor of every blob, as it is at the end.

    Args:
        network: Its layers; the input's tensor is called as its blob.
        weights: In the shapes of `fitting_weights`.
        writer: Takes the operations.
    """
    tensors = {network.input: network.input}
    for layer in network.layers:
        inputs = [tensors[bottom] for bottom in layer.bottoms]
        tensors[layer.top] = _write(layer, inputs, weights.get(layer.name, ()), writer)
    return tensors


def _write(
    layer: Layer, inputs: Sequence[str], weights: Sequence[Array], writer: OnnxWriter
) -> str:
    if layer.kind == "Convolution":
        return writer.emit(
            "Conv",
            [*inputs, *map(writer.weight, weights)],
            kernel_shape=layer.kernel,
            strides=layer.stride,
            pads=[*layer.pad, *layer.pad],
            dilations=layer.dilation,
            group=layer.group,
        )
    if layer.kind == "Pooling":
        return writer.emit(
            "MaxPool" if layer.pooling == "MAX" else "AveragePool",
            inputs,
            kernel_shape=layer.kernel,
            strides=layer.stride,
            pads=[*layer.pad, *layer.pad],
            ceil_mode=int(layer.rounds_up),
        )
    if layer.kind == "Concat":
        return writer.emit("Concat", inputs, axis=1)
    if layer.kind == "PReLU":
        return writer.emit("PRelu", [*inputs, writer.weight(weights[0].reshape(-1, 1, 1))])
    if layer.negative_slope:
        return writer.emit("LeakyRelu", inputs, alpha=layer.negative_slope)
    return writer.emit("Relu", inputs)


def _bare(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape without leading ones."""
    first = next((i for i, size in enumerate(shape) if size != 1), len(shape))
    return tuple(shape[first:])


def _named(shapes: Sequence[Sequence[int]]) -> str:
    return " and ".join(str(tuple(shape)) for shape in shapes) or "none"

"""Write a network with some convolutions in INT8.

Only what a quantized convolution reads is rounded: its input, to 8 bits over one range, and its
weights, to 8 bits with a range per output channel. Sums of branches, and everything that reads the
same tensor in f32, keep the exact values. Rounding weights shifts the mean of what a convolution
makes; the bias takes that back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from posestream.quantization.network import Convolution, FloatNetwork, Floats, import_onnx
from posestream.quantization.observing import Observed

if TYPE_CHECKING:
    import onnx

_WEIGHT_LEVELS = 127
_INPUT_LEVELS = 255


def quantized(
    network: FloatNetwork, observed: Mapping[str, Observed], layers: Collection[str]
) -> onnx.ModelProto:
    """Return a network with the named convolutions in INT8 and the rest as it was.

    Args:
        network: The network in f32.
        observed: What each convolution saw, by name.
        layers: Names of the convolutions to quantize.
    """
    model = import_onnx().ModelProto()
    model.CopyFrom(network.model)
    convolutions = {c.name: c for c in network.convolutions if c.name in layers}
    writer = _Writer()
    for node in model.graph.node:
        convolution = convolutions.get(node.name)
        if convolution is not None:
            writer.replace_inputs(node, convolution, observed[node.name])
        writer.add(node)
    _replace_graph(model, writer)
    return model


def rounded_weights(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return weights as ``(out, ...)`` whole numbers and the ``(out,)`` factors that undo that."""
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    scales = (np.maximum(largest, 1e-12) / _WEIGHT_LEVELS).astype(np.float32)
    whole = np.round(weights / _per_output(scales, weights))
    return np.clip(whole, -_WEIGHT_LEVELS, _WEIGHT_LEVELS).astype(np.int8), scales


def corrected_bias(convolution: Convolution, channel_means: npt.NDArray[np.float64]) -> Floats:
    """Return the bias that keeps the mean of a convolution's output where it was in f32."""
    whole, scales = rounded_weights(convolution.weights)
    error = whole * _per_output(scales, convolution.weights) - convolution.weights
    error = error.reshape(*error.shape[:2], -1).sum(axis=2, dtype=np.float64)
    grouped = error.reshape(convolution.groups, -1, error.shape[1])
    means = channel_means.reshape(convolution.groups, -1)
    shift = np.einsum("goi,gi->go", grouped, means).ravel()
    return (convolution.bias - shift).astype(np.float32)


def _per_output(scales: Floats, weights: Floats) -> Floats:
    return scales.reshape(-1, *[1] * (weights.ndim - 1))


class _Writer:
    """The nodes and initializers of the new graph."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self._rounded: dict[str, str] = {}

    def add(self, node: onnx.NodeProto) -> None:
        self.nodes.append(node)

    def replace_inputs(
        self, node: onnx.NodeProto, convolution: Convolution, observed: Observed
    ) -> None:
        """Let a convolution read rounded values, rounded weights and the bias that fits them."""
        name = convolution.name
        whole, scales = rounded_weights(convolution.weights)
        weights = self._dequantized(
            f"{name}/weights", whole, scales, np.zeros_like(whole, shape=len(scales))
        )
        bias = self._constant(f"{name}/bias", corrected_bias(convolution, observed.channel_means))
        inputs = [self._rounded_tensor(convolution.input, observed), weights, bias]
        del node.input[:]
        node.input.extend(inputs)

    def _rounded_tensor(self, tensor: str, observed: Observed) -> str:
        """Return the name of a tensor's rounded values, made where they are first needed."""
        if tensor not in self._rounded:
            from onnx import helper

            step = (observed.high - observed.low) / _INPUT_LEVELS
            scale, zero = np.float32(step), np.uint8(round(-observed.low / step))
            given = [
                self._constant(f"{tensor}/scale", np.asarray(scale)),
                self._constant(f"{tensor}/zero", np.asarray(zero)),
            ]
            steps = {"QuantizeLinear": f"{tensor}/whole", "DequantizeLinear": f"{tensor}/rounded"}
            source = tensor
            for kind, target in steps.items():
                node = helper.make_node(kind, [source, *given], [target], name=f"{tensor}/{kind}")
                self.nodes.append(node)
                source = target
            self._rounded[tensor] = source
        return self._rounded[tensor]

    def _dequantized(
        self, name: str, whole: npt.NDArray[np.int8], scales: Floats, zeros: npt.NDArray[np.int8]
    ) -> str:
        from onnx import helper

        given = [
            self._constant(f"{name}/whole", whole),
            self._constant(f"{name}/scales", scales),
            self._constant(f"{name}/zeros", zeros),
        ]
        kind = "DequantizeLinear"
        self.nodes.append(helper.make_node(kind, given, [name], name=f"{name}/{kind}", axis=0))
        return name

    def _constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(value, name))
        return name


def _replace_graph(model: onnx.ModelProto, writer: _Writer) -> None:
    """Put the new nodes into a model, and leave out initializers that nobody reads any more."""
    read = {name for node in writer.nodes for name in node.input}
    read |= {port.name for port in model.graph.output}
    every = [*model.graph.initializer, *writer.initializers]
    initializers = [
        type(one).FromString(one.SerializeToString()) for one in every if one.name in read
    ]
    nodes = [type(node).FromString(node.SerializeToString()) for node in writer.nodes]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(initializers)

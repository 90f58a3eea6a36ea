"""Map the TensorFlow operations that MoveNet uses to ONNX; NHWC becomes NCHW."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from movenet.onnx_builder import OnnxBuilder
from movenet.tfjs_graph import Graph, Node

Operand = str | npt.NDArray[Any]
"""The name of an NCHW tensor, or an NHWC constant."""


class Translator:
    """Writes a graph's nodes into an ONNX network, each once, when something needs it."""

    def __init__(self, graph: Graph, builder: OnnxBuilder, image: tuple[str, str]) -> None:
        """Start from the image.

        Args:
            graph: The network to translate.
            builder: Where operations go.
            image: A node of the graph, and the NCHW tensor that stands for its output.
        """
        self._graph = graph
        self._builder = builder
        self._done: dict[str, Operand] = dict([image])

    def tensor(self, name: str) -> str:
        """Return the NCHW tensor of a node's output.

        Raises:
            ValueError: If the node or one that it needs cannot be translated.
        """
        value = self._value(name)
        if not isinstance(value, str):
            raise ValueError(f"{name} is a constant")
        return value

    def _value(self, name: str) -> Operand:
        if name in self._graph.weights:
            return self._graph.weights[name]
        if name not in self._done:
            node = self._graph.nodes[name]
            if node.operation not in OPERATIONS:
                raise ValueError(f"{name}: operation {node.operation} is not supported")
            needed, translate = OPERATIONS[node.operation]
            operands = [self._value(source) for source in node.inputs[:needed]]
            self._done[name] = translate(self._builder, node, operands)
        return self._done[name]


def _convolution(builder: OnnxBuilder, node: Node, operands: Sequence[Operand]) -> str:
    image, kernel, *rest = operands
    if not isinstance(image, str) or isinstance(kernel, str):
        raise ValueError(f"{node.name}: takes a tensor and a constant kernel")
    depthwise = "Depthwise" in node.operation
    rows, columns, channels, filters = kernel.shape
    if depthwise:
        weights = kernel.transpose(2, 3, 0, 1).reshape(channels * filters, 1, rows, columns)
    else:
        weights = kernel.transpose(3, 2, 0, 1)
    steps = node.attributes.get("fused_ops") or []
    output = builder.emit(
        "Conv",
        [image, builder.constant(weights, np.float32), *_bias(builder, node, steps, rest)],
        kernel_shape=[rows, columns],
        group=channels if depthwise else 1,
        **_geometry(node),
    )
    return _activation(builder, node, steps, output)


def _geometry(node: Node) -> dict[str, Any]:
    strides, dilations = node.attributes["strides"][1:3], node.attributes["dilations"][1:3]
    padding = {"SAME": "SAME_UPPER", "VALID": "VALID"}.get(node.attributes["padding"])
    if dilations != [1, 1] or padding is None:
        raise ValueError(
            f"{node.name}: dilations {dilations}, padding {node.attributes['padding']} "
            "are not supported"
        )
    return {"strides": strides, "auto_pad": padding}


def _bias(
    builder: OnnxBuilder, node: Node, steps: Sequence[str], rest: Sequence[Operand]
) -> list[str]:
    if not rest:
        return []
    if len(rest) > 1 or isinstance(rest[0], str) or list(steps[:1]) != ["BiasAdd"]:
        raise ValueError(f"{node.name}: fused steps {list(steps)} are not supported")
    return [builder.constant(rest[0], np.float32)]


def _activation(builder: OnnxBuilder, node: Node, steps: Sequence[str], tensor: str) -> str:
    for step in steps:
        if step == "Relu":
            tensor = builder.emit("Relu", [tensor])
        elif step == "Relu6":
            bounds = [builder.constant(bound, np.float32) for bound in (0, 6)]
            tensor = builder.emit("Clip", [tensor, *bounds])
        elif step != "BiasAdd":
            raise ValueError(f"{node.name}: fused step {step} is not supported")
    return tensor


def _elementwise(operation: str) -> Callable[[OnnxBuilder, Node, Sequence[Operand]], str]:
    def translate(builder: OnnxBuilder, node: Node, operands: Sequence[Operand]) -> str:
        first, second = operands
        does_nothing = operation == "Sub" and not isinstance(second, str) and not second.any()
        if does_nothing and isinstance(first, str):
            return first
        return builder.emit(operation, [_nchw(builder, operand) for operand in operands])

    return translate


def _nchw(builder: OnnxBuilder, operand: Operand) -> str:
    if isinstance(operand, str):
        return operand
    array = operand.transpose(0, 3, 1, 2) if operand.ndim == 4 else operand
    if array.ndim not in (0, 4):
        raise ValueError(f"a constant of shape {operand.shape} is not supported")
    return builder.constant(array, np.float32)


def _sigmoid(builder: OnnxBuilder, node: Node, operands: Sequence[Operand]) -> str:
    del node
    return builder.emit("Sigmoid", [_nchw(builder, operands[0])])


def _doubling(builder: OnnxBuilder, node: Node, operands: Sequence[Operand]) -> str:
    """Translate Keras' ``UpSampling2D``, which doubles; its other input, the size, is not read."""
    if "up_sampling2d" not in node.name or not node.attributes.get("half_pixel_centers"):
        raise ValueError(f"{node.name}: only doubling from half pixel centers is supported")
    scales = builder.constant([1, 1, 2, 2], np.float32)
    return builder.emit(
        "Resize",
        [_nchw(builder, operands[0]), "", scales],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )


OPERATIONS: dict[str, tuple[int, Callable[[OnnxBuilder, Node, Sequence[Operand]], str]]] = {
    "AddV2": (2, _elementwise("Add")),
    "DepthwiseConv2dNative": (2, _convolution),
    "FusedDepthwiseConv2dNative": (3, _convolution),
    "Mul": (2, _elementwise("Mul")),
    "ResizeBilinear": (1, _doubling),
    "Sigmoid": (1, _sigmoid),
    "Sub": (2, _elementwise("Sub")),
    "_FusedConv2D": (3, _convolution),
}
"""By TensorFlow's name: how many inputs are read, and what writes the operation."""

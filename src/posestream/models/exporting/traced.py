"""Write a PyTorch network as ONNX by following what it calls.

`torch.fx` runs the network once on symbols and lists its operations; each is one of ONNX's. So an
architecture is written down once, and needs neither PyTorch's exporter nor what that depends on.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch  # pyright: ignore[reportMissingImports]
import torch.fx  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]

from posestream.models.exporting.onnx_writer import OnnxWriter, stored

_FUNCTIONS = {
    operator.add: "Add",
    operator.mul: "Mul",
    torch.sigmoid: "Sigmoid",
    torch.tanh: "Tanh",
}


def write_network(network: nn.Module, writer: OnnxWriter, *, image: str) -> tuple[str, ...]:
    """Add a network's operations and return the tensors of its outputs, in order.

    Args:
        network: In evaluation mode, with one input.
        writer: Takes the operations.
        image: Name of the input's tensor.
    """
    assert not network.training
    tensors: dict[torch.fx.Node, str] = {}
    for node in torch.fx.symbolic_trace(network).graph.nodes:
        inputs = [tensors[one] for one in node.all_input_nodes]
        if node.op == "placeholder":
            tensors[node] = image
        elif node.op == "call_module":
            module = network.get_submodule(node.target)
            tensors[node] = _MODULES[type(module)](module, inputs, writer)
        elif node.op == "call_function" and node.target is torch.cat:
            assert node.kwargs.get("dim") == 1
            tensors[node] = writer.emit("Concat", [tensors[one] for one in node.args[0]], axis=1)
        elif node.op == "call_function":
            operands = [tensors[one] for one in node.args]
            tensors[node] = writer.emit(_FUNCTIONS[node.target], operands)
        else:
            assert node.op == "output"
            return tuple(inputs)
    raise AssertionError("a traced network ends in its output")


def round_weights(network: nn.Module) -> None:
    """Give a network the weights that a file with float16 weights holds."""
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.is_meta:
                rounded = stored(parameter.numpy(force=True), half=True)
                parameter.copy_(torch.from_numpy(rounded).float())


def _convolution(module: Any, inputs: list[str], writer: OnnxWriter) -> str:
    transposed = isinstance(module, nn.ConvTranspose2d)
    more = {"output_padding": module.output_padding} if transposed else {}
    return writer.emit(
        "ConvTranspose" if transposed else "Conv",
        [*inputs, *_weights(writer, module.weight, module.bias)],
        kernel_shape=module.kernel_size,
        strides=module.stride,
        pads=[*module.padding, *module.padding],
        dilations=module.dilation,
        group=module.groups,
        **more,
    )


def _normalisation(module: Any, inputs: list[str], writer: OnnxWriter) -> str:
    weights = (module.weight, module.bias, module.running_mean, module.running_var)
    return writer.emit(
        "BatchNormalization", [*inputs, *_weights(writer, *weights)], epsilon=module.eps
    )


def _maximum(module: Any, inputs: list[str], writer: OnnxWriter) -> str:
    return writer.emit("MaxPool", inputs, **_window(module), ceil_mode=int(module.ceil_mode))


def _mean(module: Any, inputs: list[str], writer: OnnxWriter) -> str:
    assert not module.padding
    return writer.emit("AveragePool", inputs, **_window(module), ceil_mode=int(module.ceil_mode))


def _window(module: Any) -> dict[str, list[int]]:
    kernel, stride, pad = map(_pair, (module.kernel_size, module.stride, module.padding))
    return {"kernel_shape": kernel, "strides": stride, "pads": [*pad, *pad]}


def _rectifier(module: Any, inputs: list[str], writer: OnnxWriter) -> str:
    return writer.emit("Relu", inputs)


def _sloped_rectifier(module: Any, inputs: list[str], writer: OnnxWriter) -> str:
    return writer.emit("PRelu", [*inputs, *_weights(writer, module.weight.reshape(-1, 1, 1))])


_MODULES: dict[type, Callable[[Any, list[str], OnnxWriter], str]] = {
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.BatchNorm2d: _normalisation,
    nn.MaxPool2d: _maximum,
    nn.AvgPool2d: _mean,
    nn.ReLU: _rectifier,
    nn.PReLU: _sloped_rectifier,
}


def _weights(writer: OnnxWriter, *tensors: torch.Tensor | None) -> list[str]:
    return [writer.weight(one.numpy(force=True)) for one in tensors if one is not None]


def _pair(value: int | tuple[int, int]) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)

"""Run an ONNX network in torch, on any device that torch has.

The graph is walked node by node; what follows from the weights alone is worked out once.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from posestream.errors import ModelError
from posestream.inference import torch_operations as ops
from posestream.inference.contract import Port
from posestream.inference.torch_steps import Step, simplified

_TYPES: Mapping[int, torch.dtype] = {
    onnx.TensorProto.UINT8: torch.uint8,
    onnx.TensorProto.INT32: torch.int32,
    onnx.TensorProto.INT64: torch.int64,
    onnx.TensorProto.BOOL: torch.bool,
}
_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)

OPERATORS: Mapping[str, ops.Operator] = {
    "Add": ops.plain(torch.add),
    "ArgMax": lambda a, x: torch.argmax(x, a.get("axis", 0), bool(a.get("keepdims", 1))),
    "AveragePool": ops.mean_pool,
    "BatchNormalization": ops.normalised,
    "Clip": ops.clipped,
    "Concat": lambda a, *parts: torch.cat(parts, a["axis"]),
    "Conv": ops.convolution,
    "ConvTranspose": ops.transposed_convolution,
    "Div": ops.divided,
    "Exp": ops.plain(torch.exp),
    "Expand": ops.expanded,
    "Flatten": lambda a, x: x.reshape(int(torch.tensor(x.shape[: a.get("axis", 1)]).prod()), -1),
    "Gather": ops.gathered,
    "GatherElements": lambda a, x, places: torch.gather(x, a.get("axis", 0), places),
    "GlobalAveragePool": lambda _, x: x.mean(dim=list(range(2, x.ndim)), keepdim=True),
    "HardSigmoid": lambda a, x: torch.clamp(a.get("alpha", 0.2) * x + a.get("beta", 0.5), 0, 1),
    "HardSwish": ops.plain(functional.hardswish),
    "Identity": ops.plain(lambda x: x),
    "LeakyRelu": lambda a, x: functional.leaky_relu(x, a.get("alpha", 0.01)),
    "MatMul": ops.plain(torch.matmul),
    "Max": ops.plain(torch.maximum),
    "MaxPool": ops.largest_pool,
    "Min": ops.plain(torch.minimum),
    "Mod": ops.plain(torch.remainder),
    "Mul": ops.plain(torch.mul),
    "Neg": ops.plain(torch.neg),
    "PRelu": lambda _, x, slope: torch.where(x < 0, x * slope, x),
    "Pad": ops.padded,
    "Pow": ops.plain(torch.pow),
    "ReduceMax": ops.reduced(torch.amax),
    "ReduceMean": ops.reduced(torch.mean),
    "ReduceSum": ops.reduced(torch.sum),
    "Relu": ops.plain(torch.relu),
    "Reshape": ops.reshaped,
    "Resize": ops.resized,
    "Shape": lambda _, x: torch.tensor(x.shape),
    "Sigmoid": ops.plain(torch.sigmoid),
    "Slice": ops.sliced,
    "Softmax": lambda a, x: torch.softmax(x, a.get("axis", -1)),
    "Split": ops.split,
    "Sqrt": ops.plain(torch.sqrt),
    "Squeeze": ops.squeezed,
    "Sub": ops.plain(torch.sub),
    "Tanh": ops.plain(torch.tanh),
    "Transpose": lambda a, x: x.permute(a.get("perm") or list(reversed(range(x.ndim)))),
    "Unsqueeze": ops.unsqueezed,
}
"""What can be run, by ONNX's names; ``Cast`` and ``Constant`` are known besides."""
_LED_BY_NUMBERS = {
    "Clip", "Expand", "Pad", "ReduceMax", "ReduceMean", "ReduceSum", "Reshape", "Resize", "Slice",
    "Split", "Squeeze", "Unsqueeze",
}  # fmt: skip
"""Operators whose later inputs are read by Python."""
_IN_PLACE: Mapping[str, ops.Operator] = {
    "Clip": ops.clipped_in_place,
    "Relu": ops.plain(torch.relu_),
}


class TorchGraph:
    """An ONNX network, ready to run; several threads may call it at once."""

    def __init__(self, network: onnx.ModelProto, *, device: torch.device, dtype: torch.dtype):
        """Read the graph and bring its weights to a device.

        Raises:
            ModelError: If it has an operator that is not known here.
        """
        graph = network.graph
        self._device, self._dtype = device, dtype
        self.inputs = [_port(value) for value in graph.input]
        self.outputs = [_port(value) for value in graph.output]
        unknown = {node.op_type for node in graph.node} - set(OPERATORS) - {"Cast", "Constant"}
        if unknown:
            raise ModelError(
                f"torch cannot run its {', '.join(sorted(unknown))}; "
                "use backend openvino or onnxruntime"
            )
        self._constants = {w.name: _constant(numpy_helper.to_array(w)) for w in graph.initializer}
        planned = self._planned(graph.node)
        keep = {port.name for port in self.outputs}
        self.steps = simplified(planned, self._constants, keep=keep)
        self._numbers = self._read_by_python()
        self._place_constants()

    @property
    def weights(self) -> list[Tensor]:
        """What is known beforehand, on the device or, where Python reads it, in main memory."""
        return list(self._constants.values())

    def run(self, pixels: Tensor, outputs: Sequence[str]) -> list[Tensor]:
        """Run the network on its only input and return the outputs of these names."""
        values: dict[str, Tensor | None] = {"": None, self.inputs[0].name: pixels}
        for step in self.steps:
            inputs = [
                values[n] if n in values else self._constant_for(step, n) for n in step.inputs
            ]
            values.update(zip(step.outputs, self._results(step, inputs, self._dtype), strict=False))
            for name in step.spent:
                del values[name]
        kept = {name: tensor for name, tensor in values.items() if tensor is not None}
        return [self._constants[n] if n in self._constants else kept[n] for n in outputs]

    def _results(self, step: Step, inputs: Sequence[Any], dtype: torch.dtype) -> Sequence[Tensor]:
        if step.operator == "Cast":
            [x] = (tensor for tensor in inputs if tensor is not None)
            kind = step.attributes["to"]
            return [x.to(dtype if kind in _FLOATS else _TYPES[kind])]
        if step.operator not in _LED_BY_NUMBERS:
            inputs = self._together(inputs)
        run = (_IN_PLACE if step.in_place else OPERATORS)[step.operator]
        result = run(step.attributes, *inputs)
        return [result] if isinstance(result, Tensor) else result

    def _together(self, inputs: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        """Bring all to the device if any is there; shapes are worked out in main memory."""
        if all(x is None or x.device.type == "cpu" for x in inputs):
            return inputs
        return [x if x is None else x.to(self._device) for x in inputs]

    def _planned(self, nodes: Sequence[onnx.NodeProto]) -> list[Step]:
        """Work out what follows from constants alone, and return the rest."""
        left: list[Step] = []
        for node in nodes:
            attributes = {
                a.name: _value(onnx.helper.get_attribute_value(a)) for a in node.attribute
            }
            step = Step(node.op_type, attributes, tuple(node.input), tuple(node.output))
            if node.op_type == "Constant":
                self._constants[node.output[0]] = _constant(attributes["value"])
            elif node.input and all(not name or name in self._constants for name in node.input):
                inputs = [self._constants[name] if name else None for name in node.input]
                results = self._results(step, inputs, torch.float32)
                self._constants.update(zip(node.output, results, strict=False))
            else:
                left.append(step)
        return left

    def _read_by_python(self) -> dict[str, Any]:
        """Return the numbers of constants that Python reads, so that calls need not ask tensors."""
        return {
            name: self._constants[name].tolist()
            for step in self.steps
            if step.operator in _LED_BY_NUMBERS
            for name in step.inputs[1:]
            if name in self._constants
        }

    def _place_constants(self) -> None:
        """Bring weights to the device, laid out as pictures are; else each call would copy them.

        Whole numbers stay in main memory, where shapes are worked out.
        """
        for step in self.steps:
            if step.operator in ("Conv", "ConvTranspose") and step.inputs[1] in self._constants:
                weight = self._constants[step.inputs[1]]
                if weight.ndim == 4:
                    last = weight.contiguous(memory_format=torch.channels_last)
                    self._constants[step.inputs[1]] = last
        for name, tensor in self._constants.items():
            if tensor.is_floating_point():
                self._constants[name] = tensor.to(self._device, self._dtype)

    def _constant_for(self, step: Step, name: str) -> Any:
        led = step.operator in _LED_BY_NUMBERS and name in self._numbers and name != step.inputs[0]
        return self._numbers[name] if led else self._constants[name]


def _constant(array: Any) -> Tensor:
    """Return a constant as it is worked with before the network runs, in main memory."""
    tensor = torch.from_numpy(array.copy())
    return tensor.float() if tensor.is_floating_point() else tensor


def _port(value: onnx.ValueInfoProto) -> Port:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return Port(value.name)
    sides = [side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim]
    return Port(value.name, tuple(sides))


def _value(value: Any) -> Any:
    """Return an attribute as Python has it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else value

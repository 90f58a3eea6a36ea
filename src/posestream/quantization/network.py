"""A network as ONNX, with its constants worked out and its convolutions at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from posestream.errors import MissingDependencyError, ModelError

if TYPE_CHECKING:
    import onnx

_LEAST_OPSET = 13  # the first in which DequantizeLinear has a scale per channel
_QUANTIZED = {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger"}
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """A convolution whose weights are known, so that it can be quantized."""

    name: str
    """Name of the node, different for each."""
    input: str
    """Name of the tensor it reads."""
    output: str
    """Name of the tensor it makes."""
    weights: Floats
    """``(out, in / groups, ...)``."""
    bias: Floats
    """``(out,)``; zeros where the network has none."""
    groups: int
    """Groups of channels that do not meet."""


@dataclass(frozen=True, slots=True, eq=False)
class FloatNetwork:
    """A network in f32; treat it as read-only."""

    model: onnx.ModelProto
    """The whole network; everything that does not depend on the picture is an initializer."""
    input_name: str
    """Name of the only input."""
    convolutions: tuple[Convolution, ...]
    """In the order in which they run."""

    def content(self) -> bytes:
        """Return the network as the bytes of an ONNX file."""
        return self.model.SerializeToString(deterministic=True)


def import_onnx() -> ModuleType:
    """Return the module ``onnx``.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError(
            f"quantizing needs onnx ({error}); install it with: pip install 'posestream[quantize]'"
        ) from error
    return onnx


def read_float_network(weights: bytes, *, name: str) -> FloatNetwork:
    """Read a network that is to be quantized.

    Args:
        weights: An ONNX file.
        name: What messages call the network.

    Raises:
        MissingDependencyError: If onnx is not installed.
        ModelError: If it is not ONNX, is quantized already, or has no convolution in f32.
    """
    onnx = import_onnx()
    from google.protobuf.message import DecodeError

    model = onnx.ModelProto()
    try:
        model.ParseFromString(weights)
        model = _recent(model)
    except (ValueError, RuntimeError, DecodeError) as error:
        problem = " ".join(str(error).split())
        raise ModelError(f"model {name!r}: onnx cannot read it: {problem}") from error
    if found := sorted(_QUANTIZED & {node.op_type for node in model.graph.node}):
        raise ModelError(f"model {name!r} is quantized already: it has {', '.join(found)}")
    constants = _fold_constants(model)
    _name_nodes(model)
    convolutions = tuple(_convolutions(model, constants))
    if not convolutions:
        raise ModelError(f"model {name!r} has no convolution in f32 that could be quantized")
    names = [port.name for port in model.graph.input if port.name not in constants]
    return FloatNetwork(model, names[0], convolutions)


def _recent(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the model in an operator set that can say what we have to say."""
    from onnx import version_converter

    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if not versions:
        raise ValueError("it names no operator set")
    if versions[0] >= _LEAST_OPSET:
        return model
    return version_converter.convert_version(model, _LEAST_OPSET)


def _fold_constants(model: onnx.ModelProto) -> dict[str, npt.NDArray[np.generic]]:
    """Replace by initializers what does not depend on the input, and return their values."""
    from onnx import numpy_helper
    from onnx.reference import ReferenceEvaluator

    graph = model.graph
    known = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    moving = []
    for node in graph.node:
        given = [name for name in node.input if name]
        if node.op_type.startswith("Random") or not all(name in known for name in given):
            moving.append(node)
            continue
        made = ReferenceEvaluator(node).run(None, {name: known[name] for name in given})
        known.update(zip(node.output, map(np.asarray, made), strict=True))
    needed = {name for node in moving for name in node.input}
    needed |= {port.name for port in graph.output}
    kept = [type(node).FromString(node.SerializeToString()) for node in moving]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    used = {name: known[name] for name in known if name in needed}
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in used.items())
    return used


def _name_nodes(model: onnx.ModelProto) -> None:
    """Give every node a name of its own."""
    taken: set[str] = set()
    for place, node in enumerate(model.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type.lower()}_at_{place}"
        taken.add(node.name)


def _convolutions(
    model: onnx.ModelProto, constants: dict[str, npt.NDArray[np.generic]]
) -> Iterator[Convolution]:
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[0] in constants:
            continue
        weights = constants.get(node.input[1])
        bias_name = node.input[2] if len(node.input) > 2 else ""
        if weights is None or weights.dtype != np.float32:
            continue
        bias = constants.get(bias_name) if bias_name else np.zeros(len(weights), np.float32)
        if bias is not None:
            groups = next((a.i for a in node.attribute if a.name == "group"), 1)
            yield Convolution(
                node.name,
                node.input[0],
                node.output[0],
                weights.astype(np.float32, copy=False),
                bias.astype(np.float32, copy=False),
                groups,
            )

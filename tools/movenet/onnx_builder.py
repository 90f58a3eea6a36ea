"""Write an ONNX network, operation by operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
_SMALL = 1000  # constants of fewer values stay float32: a cast costs more than it saves


class OnnxBuilder:
    """Collects operations; tensors are known by name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._casts: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def emit(self, operation: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add an operation and return the name of its output."""
        name = f"{operation.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: npt.ArrayLike, dtype: npt.DTypeLike) -> str:
        """Return the name of a constant.

        Large float32 constants that float16 holds exactly are stored so and cast when loaded.
        """
        array = np.ascontiguousarray(values, dtype).reshape(np.shape(values))
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            self._known[key] = self._store(array)
        return self._known[key]

    def model(
        self,
        *,
        name: str,
        image: onnx.ValueInfoProto,
        outputs: Mapping[str, onnx.ValueInfoProto],
        metadata: Mapping[str, str],
    ) -> onnx.ModelProto:
        """Return the checked network.

        Args:
            name: What the graph is called.
            image: The input.
            outputs: The outputs by the tensor they take.
            metadata: Notes kept in the file.
        """
        ends = [helper.make_node("Identity", [t], [info.name]) for t, info in outputs.items()]
        graph = helper.make_graph(
            [*self._casts, *self._nodes, *ends], name, [image], list(outputs.values())
        )
        graph.initializer.extend(self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8
        )
        helper.set_model_props(model, dict(metadata))
        onnx.checker.check_model(model, full_check=True)
        return model

    def _store(self, array: npt.NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        half = array.astype(np.float16) if array.dtype == np.float32 else array
        if array.size < _SMALL or half is array or not np.array_equal(half, array):
            self._constants.append(numpy_helper.from_array(array, name))
            return name
        self._constants.append(numpy_helper.from_array(half, name))
        wide = f"{name}_wide"
        cast = helper.make_node("Cast", [name], [wide], name=wide, to=TensorProto.FLOAT)
        self._casts.append(cast)
        return wide

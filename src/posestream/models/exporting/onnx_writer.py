"""Write an ONNX network, operation by operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.errors import ConfigError
from posestream.models.exporting.onnx_library import import_onnx

OPSETS = range(11, 22)
"""Versions of ONNX's operations in which everything here means the same."""
DEFAULT_OPSET = 17
_SMALL = 1000  # constants of fewer values stay float32: a cast costs more than it saves
_LARGEST_HALF = 65504.0

Dimension = int | str
Floats = npt.NDArray[np.float32]


def check_opset(opset: int) -> None:
    """Refuse a version that is not in `OPSETS`.

    Raises:
        ConfigError: If it is not.
    """
    if opset not in OPSETS:
        raise ConfigError(
            f"opset: {opset} is not allowed; allowed: {OPSETS.start} to {OPSETS.stop - 1}"
        )


def stored(values: npt.NDArray[Any], *, half: bool) -> npt.NDArray[Any]:
    """Return weights as a file will hold them: float16 if wanted, large enough and in range.

    Vectors, such as the statistics of a normalisation, stay float32: they weigh nothing, and all
    of a channel hangs on each number.
    """
    array = np.ascontiguousarray(values, np.float32).reshape(np.shape(values))
    is_small = array.ndim < 2 or array.size < _SMALL
    if not half or is_small or np.abs(array).max() > _LARGEST_HALF:
        return array
    return array.astype(np.float16)


class OnnxWriter:
    """Collects operations; tensors are known by name."""

    def __init__(self, *, opset: int = DEFAULT_OPSET, half: bool = False) -> None:
        """Begin an empty network.

        Args:
            opset: Version of the operations.
            half: Whether large weights are stored as float16 and cast when the network is loaded;
                it computes in float32 either way.

        Raises:
            ConfigError: If the version is not allowed.
            MissingDependencyError: If ONNX is not installed.
        """
        check_opset(opset)
        self._onnx = import_onnx()
        self._opset, self._half = opset, half
        self._nodes: list[Any] = []
        self._weights: list[Any] = []

    def emit(self, operation: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add an operation and return the name of its output."""
        name = f"{operation.lower()}_{len(self._nodes)}"
        self._nodes.append(
            self._onnx.helper.make_node(operation, inputs, [name], name=name, **attributes)
        )
        return name

    def weight(self, values: npt.NDArray[Any]) -> str:
        """Add float weights and return the name of their tensor, which is float32."""
        name = f"weight_{len(self._weights)}"
        array = stored(values, half=self._half)
        self._weights.append(self._onnx.numpy_helper.from_array(array, name))
        if array.dtype == np.float32:
            return name
        return self.emit("Cast", [name], to=self._onnx.TensorProto.FLOAT)

    def finish(
        self,
        *,
        name: str,
        image: tuple[str, Sequence[Dimension]],
        outputs: Mapping[str, tuple[str, Sequence[Dimension]]],
        notes: Mapping[str, str],
    ) -> bytes:
        """Return the checked network as a file's content.

        Args:
            name: What the graph is called.
            image: Name and shape of the input; a text is a free dimension's name.
            outputs: Tensor and shape of each output, by its name.
            notes: Kept in the file.
        """
        helper, floats = self._onnx.helper, self._onnx.TensorProto.FLOAT
        ends = [helper.make_node("Identity", [t], [n], name=n) for n, (t, _) in outputs.items()]
        graph = helper.make_graph(
            [*self._nodes, *ends],
            name,
            [helper.make_tensor_value_info(image[0], floats, image[1])],
            [helper.make_tensor_value_info(n, floats, s) for n, (_, s) in outputs.items()],
        )
        graph.initializer.extend(self._weights)
        opsets = [helper.make_opsetid("", self._opset)]
        model = helper.make_model(
            graph,
            opset_imports=opsets,
            ir_version=helper.find_min_ir_version_for(opsets),
            producer_name="posestream",
        )
        helper.set_model_props(model, dict(notes))
        self._onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString()

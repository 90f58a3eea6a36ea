"""Run an ONNX model that is still being made, with any of its tensors as outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from posestream.inference.openvino_library import openvino_core
from posestream.inference.settings import usable_cores

if TYPE_CHECKING:
    import onnx

Arrays = dict[str, npt.NDArray[np.float32]]


class Runner:
    """A model compiled by OpenVINO for any size."""

    def __init__(self, model: onnx.ModelProto, outputs: Sequence[str]) -> None:
        """Compile a model.

        Args:
            model: The network; it is not changed.
            outputs: Names of tensors to return, outputs or not.

        Raises:
            MissingDependencyError: If OpenVINO is not installed.
            RuntimeError: If OpenVINO cannot run the model.
        """
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": usable_cores(),
            "ENABLE_CPU_PINNING": False,
        }
        whole = openvino_core().read_model(_with_outputs(model, outputs))
        compiled = openvino_core().compile_model(whole, "CPU", settings)
        self._request = compiled.create_infer_request()
        self._ports = [(name, compiled.output(name)) for name in outputs]

    def run(self, values: npt.NDArray[Any]) -> Arrays:
        """Return the tensors for one input; they are overwritten by the next run."""
        self._request.infer([values], share_inputs=True, share_outputs=True)
        return {name: self._request.get_tensor(port).data for name, port in self._ports}

    def run_all(self, inputs: Iterable[npt.NDArray[Any]]) -> list[Arrays]:
        """Return copies of the tensors for each input."""
        return [
            {name: array.copy() for name, array in self.run(values).items()} for values in inputs
        ]


def _with_outputs(model: onnx.ModelProto, outputs: Sequence[str]) -> bytes:
    from onnx import TensorProto, helper

    whole = type(model).FromString(model.SerializeToString())
    known = {port.name for port in whole.graph.output}
    for name in outputs:
        if name not in known:
            info = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
            whole.graph.output.append(info)
    return whole.SerializeToString()

"""Ask NNCF and ONNX Runtime to quantize the same convolutions."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Collection, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy.typing as npt

from posestream.quantization.network import FloatNetwork, import_onnx

if TYPE_CHECKING:
    import onnx

TOOLS = ("nncf", "onnxruntime")
"""The tools by the names of their packages."""
# ONNX Runtime runs a convolution in INT8 only if what follows it takes and gives 8 bits, too.
_ONNXRUNTIME_OPERATORS = ["Conv", "Add", "Relu", "Clip", "Resize"]


def installed_tools() -> list[str]:
    """Return those of `TOOLS` that can be imported."""
    return [name for name in TOOLS if find_spec(name) is not None]


def quantized_by(
    tool: str,
    network: FloatNetwork,
    inputs: Sequence[npt.NDArray[Any]],
    layers: Collection[str],
) -> onnx.ModelProto:
    """Let a tool quantize the named convolutions.

    Args:
        tool: One of `TOOLS`.
        network: The network in f32.
        inputs: Arrays as its input takes them, for the tool's own calibration.
        layers: Names of the convolutions to quantize.
    """
    kept = [c.name for c in network.convolutions if c.name not in layers]
    quantize = {"nncf": _by_nncf, "onnxruntime": _by_onnxruntime}[tool]
    with _silence():
        return quantize(network, inputs, kept)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep the tools' advice and progress bars from the user, who asked us, not them."""
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _by_nncf(
    network: FloatNetwork, inputs: Sequence[npt.NDArray[Any]], kept: Sequence[str]
) -> onnx.ModelProto:
    import nncf  # pyright: ignore[reportMissingImports]

    others = [node.name for node in network.model.graph.node if node.op_type != "Conv"]
    model = import_onnx().ModelProto()
    model.CopyFrom(network.model)
    return nncf.quantize(
        model,
        nncf.Dataset([{network.input_name: values} for values in inputs]),
        subset_size=len(inputs),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(names=[*kept, *others], validate=False),
    )


def _by_onnxruntime(
    network: FloatNetwork, inputs: Sequence[npt.NDArray[Any]], kept: Sequence[str]
) -> onnx.ModelProto:
    from onnxruntime import quantization

    with tempfile.TemporaryDirectory() as folder:
        exact, made = Path(folder) / "f32.onnx", Path(folder) / "int8.onnx"
        exact.write_bytes(network.content())
        quantization.quantize_static(
            exact,
            made,
            cast(Any, _Reader(network.input_name, inputs)),
            op_types_to_quantize=_ONNXRUNTIME_OPERATORS,
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            nodes_to_exclude=list(kept),
        )
        return import_onnx().load(str(made))


class _Reader:
    """Hands inputs to ONNX Runtime's calibration, which is done at the first None."""

    def __init__(self, name: str, inputs: Sequence[npt.NDArray[Any]]) -> None:
        self._feeds = iter([{name: values} for values in inputs])

    def get_next(self) -> dict[str, npt.NDArray[Any]] | None:
        return next(self._feeds, None)

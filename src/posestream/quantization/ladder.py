"""Choose which convolutions stay in f32.

Each convolution is quantized alone, and what that does to the network's outputs is set against the
work it does: a convolution that spoils much and works little is not worth quantizing. In this order
they go back to f32, the worst first, until the outputs are exact enough.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from posestream.quantization.network import FloatNetwork
from posestream.quantization.observing import Observed
from posestream.quantization.qdq import quantized
from posestream.quantization.running import Arrays, Runner

if TYPE_CHECKING:
    import onnx

Progress = Callable[[int, int], None]


class OutputError:
    """How far the outputs of a quantized network are from those in f32."""

    def __init__(
        self, network: FloatNetwork, outputs: Sequence[str], inputs: Sequence[npt.NDArray[Any]]
    ) -> None:
        """Run the network in f32.

        Args:
            network: The network in f32.
            outputs: Names of the outputs that count.
            inputs: Arrays as the network's input takes them.
        """
        self._outputs = outputs
        self._inputs = inputs
        self._exact = Runner(network.model, outputs).run_all(inputs)

    def of(self, model: onnx.ModelProto) -> float:
        """Return the squared error as a share of the variance over a picture, mean of the outputs.

        Raises:
            RuntimeError: If OpenVINO cannot run the model.
        """
        found = Runner(model, self._outputs).run_all(self._inputs)
        return float(np.mean([self._relative_error(found, name) for name in self._outputs]))

    def _relative_error(self, found: Sequence[Arrays], name: str) -> float:
        error = sum(_squares(f[name] - e[name]) for f, e in zip(found, self._exact, strict=True))
        variance = sum(_variance(exact[name]) for exact in self._exact)
        return error / max(variance, 1e-12)


def _variance(values: npt.NDArray[np.float32]) -> float:
    axes = tuple(range(2, values.ndim))
    return _squares(values - values.mean(axes, keepdims=True))


def _squares(values: npt.NDArray[np.float32]) -> float:
    return float(np.vdot(values, values))


def by_harm(
    network: FloatNetwork,
    observed: Mapping[str, Observed],
    error: OutputError,
    *,
    progress: Progress = lambda done, total: None,
) -> list[str]:
    """Return all convolutions, first those that spoil most for the work they do."""
    harm: dict[str, float] = {}
    for place, convolution in enumerate(network.convolutions):
        name = convolution.name
        harm[name] = error.of(quantized(network, observed, [name])) / observed[name].work
        progress(place + 1, len(network.convolutions))
    return sorted(harm, key=lambda name: -harm[name])


def rungs(
    order: Sequence[str], error_of: Callable[[Sequence[str]], float], limits: Iterable[float]
) -> dict[float, list[str]]:
    """Find for each limit how many convolutions must stay in f32.

    Args:
        order: All convolutions, the most harmful first.
        error_of: Error of the network with these convolutions quantized.
        limits: Allowed errors.

    Returns:
        The convolutions to quantize by limit; limits that nothing meets are left out.
    """
    errors: dict[int, float] = {len(order): 0.0}

    def error_at(kept: int) -> float:
        if kept not in errors:
            errors[kept] = error_of(order[kept:])
        return errors[kept]

    found: dict[float, list[str]] = {}
    for limit in sorted(limits, reverse=True):
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if error_at(middle) <= limit else (middle + 1, high)
        if low < len(order):
            found[limit] = list(order[low:])
    return found

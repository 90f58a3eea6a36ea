"""Note what goes through each convolution of a network: ranges, means and work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.quantization.network import Convolution, FloatNetwork
from posestream.quantization.running import Runner

_SAMPLES = 4096
_WORK_PER_VALUE_MOVED = 10  # multiplications in the time of one value; fits two networks to 25 %
_LEVELS = 255
_SHRINKAGES = np.linspace(1.0, 0.4, 25)


@dataclass(frozen=True, slots=True)
class Observed:
    """What a convolution reads and how much it works, over the pictures of a calibration."""

    low: float
    """Lower end of the range that 8 bits are spread over; 0 or less."""
    high: float
    """Upper end; more than ``low``."""
    channel_means: npt.NDArray[np.float64]
    """``(C,)`` mean of each channel of the input."""
    work: float
    """Multiplications per picture, and what moving values costs, counted in multiplications."""


class _Gathered:
    """What was seen of one tensor so far, one picture at a time."""

    def __init__(self) -> None:
        self.low, self.high = 0.0, 0.0
        self.means: list[npt.NDArray[np.float64]] = []
        self.samples: list[npt.NDArray[np.float32]] = []

    def add(self, array: npt.NDArray[np.float32], random: np.random.Generator) -> None:
        flat = array.ravel()
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        channels = array[0].reshape(array.shape[1], -1)
        self.means.append(channels.mean(axis=1).astype(np.float64))
        self.samples.append(flat[random.integers(0, flat.size, _SAMPLES)])


def observe(
    network: FloatNetwork,
    inputs: Sequence[npt.NDArray[Any]],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Mapping[str, Observed]:
    """Run a network over inputs and return what each convolution saw, by the convolution's name.

    Args:
        network: The network in f32.
        inputs: Arrays as its input takes them.
        progress: Told after each input how many are done, of how many.
    """
    convolutions = network.convolutions
    tensors = list(dict.fromkeys(t for c in convolutions for t in (c.input, c.output)))
    gathered = {c.input: _Gathered() for c in convolutions}
    sizes = dict.fromkeys(tensors, 0.0)
    runner, random = Runner(network.model, tensors), np.random.default_rng(0)
    for place, values in enumerate(inputs):
        arrays = runner.run(values)
        for tensor, array in arrays.items():
            sizes[tensor] += array.size / len(inputs)
        for tensor, seen in gathered.items():
            seen.add(arrays[tensor], random)
        progress(place + 1, len(inputs))
    ranges = {tensor: _best_range(seen) for tensor, seen in gathered.items()}
    return {
        c.name: Observed(
            *ranges[c.input],
            np.mean(gathered[c.input].means, axis=0),
            _work(c, sizes[c.input], sizes[c.output]),
        )
        for c in convolutions
    }


def _work(convolution: Convolution, values_read: float, values_made: float) -> float:
    multiplications = values_made * convolution.weights[0].size
    return multiplications + _WORK_PER_VALUE_MOVED * (values_read + values_made)


def _best_range(seen: _Gathered) -> tuple[float, float]:
    """Return the range with the least squared error: a narrower one cuts off a few, rounds all."""
    samples = np.concatenate(seen.samples)
    candidates = [(seen.low * share, seen.high * share) for share in _SHRINKAGES]
    usable = [(low, high) for low, high in candidates if high > low]
    if not usable:
        return 0.0, 1.0
    return min(usable, key=lambda ends: _squared_error(samples, *ends))


def _squared_error(values: npt.NDArray[np.float32], low: float, high: float) -> float:
    step = (high - low) / _LEVELS
    zero = round(-low / step)
    rounded = (np.clip(np.round(values / step) + zero, 0, _LEVELS) - zero) * step
    return float(np.square(rounded - values, dtype=np.float64).mean())

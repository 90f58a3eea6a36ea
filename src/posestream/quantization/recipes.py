"""Quantize a network in every way there is: our own recipe at several errors, and other tools."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.inference.pixels import network_input
from posestream.models.card import Measurement, ModelCard
from posestream.quantization.ladder import OutputError, by_harm, rungs
from posestream.quantization.network import FloatNetwork
from posestream.quantization.observing import observe
from posestream.quantization.qdq import quantized
from posestream.quantization.tools import quantized_by

LIMITS = (0.02, 0.01, 0.005, 0.002)
"""Errors of the outputs, as shares of their variance, for which a network is tried."""
_TOOL_LIMIT = 0.01
_JUDGING = 10  # inputs that the errors of the outputs are measured on
_log = logging.getLogger(__name__)
Progress = Callable[[str, int, int], None]


@dataclass(slots=True, eq=False)
class Trial:
    """One quantized network and what was measured of it."""

    recipe: str
    """Who quantized it and how."""
    int8: int
    """Convolutions in INT8."""
    content: bytes
    """The network as ONNX."""
    error: float
    """Squared error of the outputs as a share of their variance."""
    ms: list[float] = field(default_factory=list)
    """Time for a small and a large input, milliseconds."""
    speedup: float = 0.0
    """How often it runs in the time of one run in f32; geometric mean of the inputs."""
    measured: list[Measurement] = field(default_factory=list)
    """Accuracy by profile, empty where it was not measured."""
    ap_drop: float | None = None
    """The largest loss of AP of any profile; None where it was not measured."""


def candidates(
    card: ModelCard,
    network: FloatNetwork,
    pixels: Sequence[npt.NDArray[np.uint8]],
    *,
    limits: Sequence[float] = LIMITS,
    tools: Sequence[str] = (),
    progress: Progress = lambda stage, done, total: None,
) -> list[Trial]:
    """Quantize a network in several ways.

    Args:
        card: Describes the network.
        network: The network in f32.
        pixels: ``(1, H, W, 3)`` RGB pictures to calibrate on.
        limits: Errors of the outputs that our own recipe is to keep, one network for each.
        tools: Which of `posestream.quantization.tools.TOOLS` to ask, too: for all layers, and for
            those that our own recipe chose.
        progress: Told the stage, and how much of it is done, of how much.
    """
    inputs = [network_input(card.input, one) for one in pixels]
    error = OutputError(network, list(card.outputs), _few_small_ones(inputs))
    observed = observe(network, inputs, progress=lambda d, t: progress("calibrating", d, t))
    order = by_harm(
        network, observed, error, progress=lambda d, t: progress("trying each layer", d, t)
    )
    progress("choosing layers", 0, 1)
    layers = rungs(order, lambda names: error.of(quantized(network, observed, names)), limits)
    trials = []
    for limit, names in layers.items():
        model = quantized(network, observed, names)
        content = model.SerializeToString(deterministic=True)
        trials.append(Trial(f"posestream, error {limit:g}", len(names), content, error.of(model)))
    sets = {"all layers": order}
    if _TOOL_LIMIT in layers:
        sets["chosen layers"] = layers[_TOOL_LIMIT]
    jobs = [(tool, label) for tool in tools for label in sets]
    for place, (tool, label) in enumerate(jobs):
        progress(f"asking {tool}", place, len(jobs))
        trial = _tool_trial(tool, label, network, inputs, sets[label], error)
        trials += [trial] if trial else []
    return trials


def _few_small_ones(inputs: Sequence[npt.NDArray[Any]]) -> Sequence[npt.NDArray[Any]]:
    """Return enough inputs to compare errors by, since each layer is tried on all of them."""
    small = [one for one in inputs if one.size <= np.median([other.size for other in inputs])]
    return small[:: -(-len(small) // _JUDGING)]


def _tool_trial(
    tool: str,
    label: str,
    network: FloatNetwork,
    inputs: Sequence[npt.NDArray[Any]],
    names: Sequence[str],
    error: OutputError,
) -> Trial | None:
    """Let a tool try; one that fails on this network is left out."""
    try:
        model = quantized_by(tool, network, inputs, names)
        found = error.of(model)
    except (RuntimeError, ValueError) as problem:
        _log.warning("%s cannot quantize it: %s", tool, " ".join(str(problem).split()))
        return None
    return Trial(f"{tool}, {label}", len(names), model.SerializeToString(deterministic=True), found)

"""Quantize a network in several ways and keep the fastest that is accurate enough."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.errors import ModelError
from posestream.images import Image
from posestream.models.card import Measurement, ModelCard
from posestream.quantization.network import read_float_network
from posestream.quantization.pictures import network_pixels
from posestream.quantization.recipes import Progress, Trial, candidates
from posestream.quantization.tools import installed_tools
from posestream.quantization.trials import Truth, accuracies, milliseconds, own_cache, placed

DEFAULT_MAX_ERROR = 0.005
"""Error that is small enough where no annotations say what it costs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was tried."""

    f32_ms: list[float]
    """Time of the network in f32 for a small and a large input, milliseconds."""
    f32_measured: list[Measurement]
    """Accuracy in f32 by profile."""
    convolutions: int
    """Convolutions that could be quantized."""
    trials: Sequence[Trial]
    """The fastest first."""
    chosen: Trial | None
    """The fastest that is accurate enough."""


def search(
    card: ModelCard,
    pictures: Sequence[Image],
    *,
    truth: Truth | None = None,
    max_ap_drop: float = 0.01,
    max_error: float = DEFAULT_MAX_ERROR,
    backend: str = "auto",
    tools: Sequence[str] | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Outcome:
    """Quantize a network, measure what comes out, and choose.

    Args:
        card: The network in f32.
        pictures: What to calibrate on; the more they are like what will come, the better.
        truth: Annotated pictures that say what accuracy is lost.
        max_ap_drop: Average precision that may be lost in any profile, with ``truth``.
        max_error: Error of the outputs that is allowed without ``truth``.
        backend: Inference library that the speed and accuracy are measured in.
        tools: Which of `posestream.quantization.tools.TOOLS` to ask; by default all installed.
        progress: Told the stage, and how much of it is done, of how much.

    Raises:
        MissingDependencyError: If onnx, or a library to run the network, is not installed.
        ModelError: If the network cannot be quantized.
        ConfigError: If the annotations cannot be used.
    """
    network = read_float_network(card.read_weights(), name=card.name)
    pixels = network_pixels(card, pictures)
    with tempfile.TemporaryDirectory() as name, own_cache(Path(name) / "cache"):
        trying = _Trying(card, Path(name), backend, truth, progress)
        exact = trying.place("f32", network.content())
        f32_measured = trying.accuracy(exact, "f32")
        asked = installed_tools() if tools is None else tools
        trials = candidates(card, network, pixels, tools=asked, progress=progress)
        f32_ms = trying.speed(exact, trials, pixels)
        trials.sort(key=lambda trial: -trial.speedup)
        chosen = None
        for trial in trials:
            if trial.speedup <= 1:
                break
            if _is_exact_enough(trial, trying, f32_measured, max_ap_drop, max_error):
                chosen = trial
                break
    return Outcome(f32_ms, f32_measured, len(network.convolutions), trials, chosen)


def _is_exact_enough(
    trial: Trial,
    trying: _Trying,
    f32_measured: Sequence[Measurement],
    max_ap_drop: float,
    max_error: float,
) -> bool:
    if not f32_measured:
        return trial.error <= max_error
    trial.measured = trying.accuracy(trying.place("trial", trial.content), trial.recipe)
    pairs = zip(f32_measured, trial.measured, strict=True)
    trial.ap_drop = max(before.ap - after.ap for before, after in pairs)
    return trial.ap_drop <= max_ap_drop


class _Trying:
    """Measures networks that lie in a folder."""

    def __init__(
        self, card: ModelCard, folder: Path, backend: str, truth: Truth | None, progress: Progress
    ) -> None:
        self._card, self._folder, self._backend = card, folder, backend
        self._truth, self._progress = truth, progress

    def place(self, name: str, content: bytes) -> ModelCard:
        """Write a network into the folder."""
        return placed(replace(self._card, measured=(), int8=None), content, self._folder, name)

    def accuracy(self, card: ModelCard, recipe: str) -> list[Measurement]:
        """Measure a network's accuracy, if there are annotations."""
        if self._truth is None:
            return []
        return accuracies(
            card,
            self._truth,
            backend=self._backend,
            progress=lambda done, total: self._progress(f"accuracy of {recipe}", done, total),
        )

    def speed(
        self, exact: ModelCard, trials: Sequence[Trial], pixels: Sequence[npt.NDArray[np.uint8]]
    ) -> list[float]:
        """Measure the speed of all, and return that in f32."""
        by_area = sorted(pixels, key=lambda one: one.size)
        inputs = [by_area[0], by_area[-1]]
        cards = {"f32": exact}
        for place, trial in enumerate(trials):
            cards[str(place)] = self.place(f"trial-{place}", trial.content)
        self._progress("measuring speed", 0, 1)
        ms = milliseconds(cards, inputs, backend=self._backend)
        for place, trial in enumerate(trials):
            trial.ms = ms[str(place)]
            trial.speedup = float(np.exp(np.mean(np.log(np.divide(ms["f32"], trial.ms)))))
        self._progress("measuring speed", 1, 1)
        return ms["f32"]


def refusal(
    outcome: Outcome, *, truth: Truth | None, max_ap_drop: float, max_error: float
) -> ModelError:
    """Return why nothing was chosen."""
    if not any(trial.speedup > 1 for trial in outcome.trials):
        return ModelError("no INT8 network is faster than f32 on this CPU; nothing was written")
    limit = f"{max_ap_drop:g} AP" if truth else f"an output error of {max_error:g}"
    return ModelError(
        f"every INT8 network that is faster than f32 loses more than {limit}; nothing was written"
    )

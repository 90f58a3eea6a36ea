"""Measure quantized networks as they will be used: through a backend, and through the profiles."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.config import EstimatorConfig
from posestream.evaluation.images import Evaluation
from posestream.inference.loading import load_backend
from posestream.models.card import Measurement, ModelCard
from posestream.models.card_writing import card_text
from posestream.models.registry import find_model

PROFILES = ("fast", "balanced")
"""Profiles whose accuracy counts: the third is mostly another network."""
_ROUNDS = 8
_RUNS_IN_A_ROW = 4  # in a program a network runs again and again and finds its weights in the cache


@dataclass(frozen=True, slots=True)
class Truth:
    """Annotated pictures to measure accuracy on."""

    annotations: Path
    """COCO ``person_keypoints`` file."""
    folder: Path
    """Where its images are."""


def placed(card: ModelCard, content: bytes, folder: Path, name: str) -> ModelCard:
    """Write a network and its card into a folder and return the card.

    Args:
        card: Describes the network that ``content`` was made from.
        content: The network as ONNX.
        folder: Where to write ``NAME.onnx`` and ``NAME.toml``.
        name: Name of the files, without ending.
    """
    path = folder / f"{name}.onnx"
    path.write_bytes(content)
    own = replace(
        card, weights=path, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
    )
    path.with_suffix(".toml").write_text(card_text(own), encoding="utf-8")
    return find_model(path)


def milliseconds(
    cards: Mapping[str, ModelCard], inputs: Sequence[npt.NDArray[np.uint8]], *, backend: str
) -> dict[str, list[float]]:
    """Return the least time of each network for each input, all taking turns.

    Args:
        cards: Networks by name.
        inputs: ``(1, H, W, 3)`` RGB pictures, of two sizes at most.
        backend: Inference library, or ``auto``.
    """
    options = {"backend": backend, "precision": "f32", "cache": False}
    runners = {name: load_backend(card, **options).infer for name, card in cards.items()}
    least = {name: [float("inf")] * len(inputs) for name in cards}
    for run in runners.values():
        for pixels in inputs:
            run(pixels)
    for place, pixels in enumerate(inputs):
        for _ in range(_ROUNDS):
            for name, run in runners.items():
                least[name][place] = min(least[name][place], _least_of_a_row(run, pixels))
    return least


def _least_of_a_row(
    run: Callable[[npt.NDArray[np.uint8]], object], pixels: npt.NDArray[np.uint8]
) -> float:
    times = []
    for _ in range(_RUNS_IN_A_ROW):
        begun = time.perf_counter()
        run(pixels)
        times.append(time.perf_counter() - begun)
    return 1e3 * min(times)


def accuracies(
    card: ModelCard, truth: Truth, *, backend: str, progress: Callable[[int, int], None]
) -> list[Measurement]:
    """Return the average precision of a network in each of `PROFILES`.

    Args:
        card: The network, with its card on disk beside its weights.
        truth: Annotated pictures.
        backend: Inference library, or ``auto``.
        progress: Told after each picture how many are done, of how many.

    Raises:
        ConfigError: If annotations or images cannot be used.
        ModelError: If the network finds nobody alone.
    """
    path = Path(str(card.weights))
    measured, done = [], 0
    for profile in PROFILES:
        settings = EstimatorConfig.model_validate(
            {"model": str(path), "profile": profile, "backend": backend, "precision": "f32"}
            | {"min_score": 0.0}
        )
        evaluation = Evaluation(truth.annotations, truth.folder, settings)
        for image_id in evaluation.image_ids:
            evaluation.add(image_id)
            done += 1
            progress(done, len(PROFILES) * len(evaluation.image_ids))
        measured.append(_measurement(card, profile, truth, evaluation.figures()))
    return measured


def _measurement(
    card: ModelCard, profile: str, truth: Truth, figures: Mapping[str, float | int | str]
) -> Measurement:
    return Measurement(
        profile=profile,
        long_side=card.input.long_side or max(card.input.fixed_size or (1,)),
        dataset=truth.annotations.name,
        ap=float(figures["AP"]),
        ms_per_image=float(figures["ms_per_image"]),
        machine=f"{os.cpu_count()} cores",
    )


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """Keep compiled trial networks out of the user's cache, which they would crowd out."""
    before = os.environ.get("POSESTREAM_CACHE_DIR")
    os.environ["POSESTREAM_CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["POSESTREAM_CACHE_DIR"]
        else:
            os.environ["POSESTREAM_CACHE_DIR"] = before

"""Measure the profiles on annotated photographs: COCO keypoint AP, and where the time goes.

    python benchmarks/accuracy.py ANNOTATIONS.json IMAGES --output benchmarks/results/accuracy.json

Everything goes the way of a real run: a decoded frame, scaled by FFmpeg, through the network and
the decoder. Each image is estimated several times and the least time kept, because other programs
only ever add to it; reading the file and compiling networks are left out. ``wall`` is the time of
one image with all cores at work on it, split into stages; ``in_stream`` is the time per image where
each core has an image of its own, as in a run over a video.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from _machine import write

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.one_person import OnePersonDecoder, person_keypoints
from posestream.estimation import Estimator
from posestream.estimation.passes import BackendPass
from posestream.estimation.profiles import PROFILES, build_estimator
from posestream.evaluation.coco import coco_results, keypoint_accuracy, read_annotations
from posestream.images import HostImage
from posestream.inference import Backend
from posestream.inference.loading import load_backend
from posestream.inference.settings import usable_cores
from posestream.models.registry import find_model
from posestream.sources.stills import read_still


class Stopwatch:
    """Adds up time by stage; stages do not nest."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.runs: dict[str, int] = defaultdict(int)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add the time of a block to a stage."""
        begun = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - begun
        self.runs[stage] += 1


class TimedImage(HostImage):
    """An image whose scaling is timed."""

    __slots__ = ("watch",)

    def __init__(self, image: HostImage, watch: Stopwatch) -> None:
        super().__init__(image.frame)
        self.watch = watch

    def resized_rgb(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Scale the whole frame."""
        with self.watch("scale"):
            return super().resized_rgb(width, height)

    def crop_rgb(
        self, region: tuple[int, int, int, int], width: int, height: int
    ) -> npt.NDArray[np.uint8]:
        """Scale a region."""
        with self.watch("scale"):
            return super().crop_rgb(region, width, height)


class TimedBackend:
    """A network whose runs are timed."""

    def __init__(self, backend: Backend, stage: str) -> None:
        self.backend, self.stage, self.watch = backend, stage, Stopwatch()

    @property
    def description(self) -> str:
        """What really runs."""
        return self.backend.description

    def infer(self, pixels: npt.NDArray[np.uint8]) -> Mapping[str, npt.NDArray[np.float32]]:
        """Run the network."""
        with self.watch(self.stage):
            return self.backend.infer(pixels)


def measure(
    estimator: Estimator,
    networks: list[TimedBackend],
    images: Mapping[int, HostImage],
    repeats: int,
) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """Return COCO results and the mean milliseconds per image by stage."""
    results: list[dict[str, Any]] = []
    totals: dict[str, float] = defaultdict(float)
    sizes: set[tuple[int, int]] = set()
    for number, image in images.items():
        if image.size not in sizes:
            estimator.estimate([image])
            sizes.add(image.size)
        rounds = [once(estimator, networks, image) for _ in range(repeats)]
        results += coco_results(number, rounds[0][0], estimator.topology)
        best = min((stages for _, stages in rounds), key=lambda stages: stages["wall"])
        for stage, value in best.items():
            totals[stage] += value
    return results, {stage: round(total / len(images), 2) for stage, total in totals.items()}


def once(
    estimator: Estimator, networks: list[TimedBackend], image: HostImage
) -> tuple[Any, dict[str, float]]:
    """Estimate one image and return its poses, and milliseconds and runs by stage."""
    watch = Stopwatch()
    for network in networks:
        network.watch = watch
    begun = time.perf_counter()
    [poses] = estimator.estimate([TimedImage(image, watch)])
    stages = {"wall": 1e3 * (time.perf_counter() - begun)}
    for stage in ("scale", "network", "single_person"):
        stages[stage] = 1e3 * watch.seconds[stage]
    stages["rest"] = stages["wall"] - sum(1e3 * s for s in watch.seconds.values())
    return poses, stages | {"runs": watch.runs["network"], "crops": watch.runs["single_person"]}


def in_stream(estimator: Estimator, images: Collection[HostImage], repeats: int) -> float:
    """Return milliseconds per image where as many images as cores are under way at once."""
    rounds: list[float] = []
    with ThreadPoolExecutor(usable_cores()) as threads:
        for _ in range(repeats + 1):
            begun = time.perf_counter()
            list(threads.map(lambda image: estimator.estimate([image]), images))
            rounds.append(time.perf_counter() - begun)
    return round(1e3 * min(rounds[1:]) / len(images), 2)


def built(profile: str, precision: str, streams: int) -> tuple[Estimator, list[TimedBackend]]:
    """Load the networks of a profile anew, so that it finds them as a run does."""
    load = {"precision": precision, "threads": usable_cores(), "streams": streams}
    card = find_model("movenet-multipose")
    network = TimedBackend(load_backend(card, **load), "network")
    single = TimedBackend(load_backend(find_model("movenet-thunder"), **load), "single_person")
    recipe = PROFILES[profile]
    passes = (
        BackendPass(network, CenterDecoder(card.topology, stride=card.stride)),
        BackendPass(single, OnePersonDecoder(person_keypoints)),
    )
    estimator = build_estimator(recipe, *passes, card.topology, min_score=0)
    return estimator, [network, single]


def main() -> None:
    """Measure every profile asked for, print a table and write JSON."""
    parser = argparse.ArgumentParser(description="Measure the profiles on photographs.")
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--profiles", nargs="+", default=list(PROFILES), choices=list(PROFILES))
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    annotations = read_annotations(options.annotations)
    images = {n: read_still(options.images / name) for n, name in annotations.images.items()}
    rows: dict[str, object] = {}
    for name in options.profiles:
        estimator, networks = built(name, options.precision, streams=1)
        results, stages = measure(estimator, networks, images, options.repeats)
        side_by_side, _ = built(name, options.precision, streams=usable_cores())
        stages["in_stream"] = in_stream(side_by_side, images.values(), options.repeats)
        accuracy = keypoint_accuracy(annotations, results).to_dict()
        rows[name] = {
            **{key: round(value, 4) for key, value in accuracy.items()},
            "ms_per_image": stages,
            "estimator": estimator.description,
        }
        print(f"{name:9s}", *(f"{key} {value:.3f} " for key, value in accuracy.items()))
        print(" " * 9, *(f"{key} {value:.1f} " for key, value in stages.items()), flush=True)
    write({"images": len(images), "profiles": rows}, options.output)


if __name__ == "__main__":
    main()

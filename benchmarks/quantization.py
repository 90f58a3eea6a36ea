"""Compare the embedded network in f32 and INT8: speed and accuracy, in both libraries.

    python benchmarks/quantization.py ANNOTATIONS.json IMAGES \
        --output benchmarks/results/quantization.json

Speed is that of the network alone, all four taking turns, several runs in a row, and the least time
of many is kept, because other programs only ever add to it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from _machine import write

from posestream.decoding.centers import CenterDecoder
from posestream.estimation.passes import BackendPass
from posestream.estimation.profiles import PROFILES, build_estimator
from posestream.evaluation.coco import coco_results, keypoint_accuracy, read_annotations
from posestream.images import HostImage
from posestream.inference import Backend
from posestream.inference.loading import load_backend
from posestream.inference.settings import usable_cores
from posestream.models.registry import find_model
from posestream.sources.stills import read_still

MODEL = "movenet-multipose"
SIZES = ((192, 192), (288, 288), (512, 288))
LIBRARIES = ("openvino", "onnxruntime")
PRECISIONS = ("f32", "int8")
RUNS_IN_A_ROW = 4


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare f32 with INT8.")
    parser.add_argument("annotations", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--profiles", nargs="+", default=["fast", "balanced"])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    figures: dict[str, object] = {"ms": speed(options.rounds)}
    annotations = read_annotations(options.annotations)
    images = {n: read_still(options.images / name) for n, name in annotations.images.items()}
    accuracy: dict[str, dict[str, float]] = {}
    for library in LIBRARIES:
        for precision in PRECISIONS:
            row = accuracy[f"{library} {precision}"] = {}
            for profile in options.profiles:
                found = results(profile, loaded(library, precision), images)
                row[profile] = round(keypoint_accuracy(annotations, found).AP, 4)
            print(f"AP {library} {precision}: {row}", flush=True)
    write(figures | {"images": len(images), "AP": accuracy}, options.output)


def loaded(library: str, precision: str) -> Backend:
    card = find_model(MODEL)
    threads = usable_cores()
    return load_backend(card, backend=library, precision=precision, threads=threads, cache=False)


def speed(rounds: int) -> dict[str, dict[str, float]]:
    """Return the milliseconds of one picture by size, and how many times INT8 is as fast."""
    figures: dict[str, dict[str, float]] = {}
    for width, height in SIZES:
        pixels = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
        networks = {
            f"{library} {precision}": loaded(library, precision)
            for library in LIBRARIES
            for precision in PRECISIONS
        }
        runs = {name: _runner(network, pixels) for name, network in networks.items()}
        row = {name: round(1e3 * least, 2) for name, least in take_turns(runs, rounds).items()}
        for library in LIBRARIES:
            ratio = row[f"{library} f32"] / row[f"{library} int8"]
            row[f"{library} speedup"] = round(ratio, 2)
        figures[f"{width}x{height}"] = row
        print(f"{width}x{height}", row, flush=True)
    return figures


def _runner(network: Backend, pixels: np.ndarray) -> Callable[[], object]:
    return lambda: network.infer(pixels)


def take_turns(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the least seconds of each; the first turn, which compiles, does not count."""
    for run in runs.values():
        run()
    least = dict.fromkeys(runs, float("inf"))
    for _ in range(rounds):
        for name, run in runs.items():
            for _ in range(RUNS_IN_A_ROW):
                begun = time.perf_counter()
                run()
                least[name] = min(least[name], time.perf_counter() - begun)
    return least


def results(profile: str, network: Backend, images: Mapping[int, HostImage]) -> list[dict]:
    """Return COCO results of every image."""
    topology = find_model(MODEL).topology
    seeing = BackendPass(network, CenterDecoder(topology))
    estimator = build_estimator(PROFILES[profile], seeing, None, topology, min_score=0.0)
    found = []
    for number, image in images.items():
        [poses] = estimator.estimate([image])
        found += coco_results(number, poses, topology)
    return found


if __name__ == "__main__":
    main()

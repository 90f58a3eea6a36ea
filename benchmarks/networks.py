"""How fast do TRTPose's networks run on the CPU, by library and number format?

    python benchmarks/networks.py --output benchmarks/results/networks.json

ResNet-18 at 224 x 224 and DenseNet-121 at 256 x 256, both with attention, exported from weights
made up in the published layouts: speed does not depend on them. One picture per call, two threads
in it; the candidates take turns and the least of many rounds is kept. Needs the extra `torch`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch  # pyright: ignore[reportMissingImports]
from _machine import write

from posestream.conversion.checkpoints import export_checkpoint
from posestream.conversion.results import Wishes
from posestream.errors import ConfigError
from posestream.inference.loading import load_backend
from posestream.inference.pixels import network_input
from posestream.models.architectures.catalogue import ARCHITECTURES
from posestream.models.card import InputSpec, ModelCard

NETWORKS = {"resnet18_baseline_att": 224, "densenet121_baseline_att": 256}
CANDIDATES = (("openvino", "f32"), ("openvino", "bf16"), ("onnxruntime", "f32"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        figures = {
            f"{name} {side}x{side}": measure(name, side, Path(folder), arguments)
            for name, side in NETWORKS.items()
        }
    load = [round(one, 1) for one in os.getloadavg()]  # what else ran takes its share
    figures = {"threads": arguments.threads, "load_average": load, "networks": figures}
    write(figures, arguments.output)


def measure(name: str, side: int, folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    network = made_up(name)
    checkpoint = folder / f"{name}.pth"
    torch.save(network.state_dict(), checkpoint)
    wishes = Wishes(output=folder / f"{name}.onnx", size=(side, side), half=False)
    converted = export_checkpoint(checkpoint, wishes)
    print(f"{name}, {side} x {side}: differs from PyTorch by {converted.difference:.1e}")
    pixels = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    calls, notes = callers(converted.card, pixels, arguments.threads)
    calls["torch f32"] = torch_caller(network, converted.card.input, pixels)
    rows = {key: summary(times) for key, times in take_turns(calls, arguments.rounds).items()}
    for key, row in rows.items():
        print(f"  {key:18s} {row['ms']:8.2f} ms  {row['fps']:7.1f} fps  median {row['median_ms']}")
    return {"difference": converted.difference, "not_run": notes, **rows}


def made_up(name: str) -> Any:
    """Return a network whose maps neither vanish nor grow from layer to layer."""
    torch.manual_seed(0)
    architecture = ARCHITECTURES[name]
    network = architecture.build(*architecture.channels(architecture.topology))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_var is not None
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network.eval()


def callers(
    card: ModelCard, pixels: np.ndarray, threads: int
) -> tuple[dict[str, Callable[[], object]], dict[str, str]]:
    """Return what runs the network once, by library and format, and why others do not."""
    calls: dict[str, Callable[[], object]] = {}
    notes: dict[str, str] = {}
    for library, precision in CANDIDATES:
        try:
            backend = load_backend(
                card, backend=library, precision=precision, threads=threads, cache=False
            )
        except ConfigError as error:
            notes[f"{library} {precision}"] = str(error)
            print(f"  {library} {precision}: {error}")
        else:
            calls[f"{library} {precision}"] = lambda backend=backend: backend.infer(pixels)
    return calls, notes


def torch_caller(network: Any, spec: InputSpec, pixels: np.ndarray) -> Callable[[], object]:
    def call() -> object:
        with torch.inference_mode():
            return network(torch.from_numpy(network_input(spec, pixels)))

    return call


def take_turns(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round, after two that do not count."""
    times: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(rounds + 2):
        for key, call in calls.items():
            began = time.perf_counter()
            call()
            times[key].append(time.perf_counter() - began)
    return {key: found[2:] for key, found in times.items()}


def summary(times: list[float]) -> dict[str, float]:
    return {
        "ms": round(1e3 * min(times), 2),
        "median_ms": round(1e3 * statistics.median(times), 2),
        "fps": round(1 / min(times), 1),
    }


if __name__ == "__main__":
    main()

"""Compare the inference libraries: speed, start, memory, size on disk.

    python benchmarks/inference.py --output benchmarks/results/inference.json

Every comparison is made in one run, the candidates taking turns, and the least of many rounds is
kept, because other programs on the machine only ever add time. Processor time is given beside the
time on the clock: it is what a pipeline that keeps every core busy pays.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from _machine import write

from posestream.inference import Backend
from posestream.inference.loading import load_backend
from posestream.models.registry import find_model

Key = TypeVar("Key")
LIBRARIES = ("openvino", "onnxruntime")
SIZES = ((512, 288), (384, 288), (256, 160), (512, 384))
CASES = (*((size, 1) for size in SIZES), ((512, 288), 2), ((512, 288), 4))
MODEL = "movenet-multipose"
PACKAGES = {"openvino": ("openvino", "openvino-telemetry"), "onnxruntime": ("onnxruntime",)}
START = """
import json, pathlib, sys, time
began = float(sys.argv[1])
import numpy as np
from posestream.inference.loading import load_backend
from posestream.models.registry import find_model
imported = time.time()
backend = load_backend(find_model("movenet-multipose"), backend=sys.argv[2], precision="f32")
loaded = time.time()
backend.infer(np.zeros((1, 288, 512, 3), np.uint8))
first = time.time()
for _ in range(5):
    backend.infer(np.zeros((1, 288, 512, 3), np.uint8))
status = pathlib.Path("/proc/self/status").read_text()
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps({"imported_s": imported - began, "loaded_s": loaded - began,
                  "first_inference_s": first - began, "peak_mb": peak}))
"""


@dataclass(frozen=True)
class Cost:
    """What one call takes."""

    clock_s: float
    """Seconds on the clock."""
    processor_s: float
    """Seconds of all processors together."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, object] = {
        "backends": {name: open_backend(name, streams=1).description for name in LIBRARIES},
        "latency_ms": latency(arguments.rounds),
        "throughput_ms": throughput(arguments.rounds),
        "sizes_ms": sizes(arguments.rounds),
        "start_s": start(max(3, arguments.rounds // 6)),
        "installed_mb": {name: installed_mb(name) for name in LIBRARIES},
    }
    write(figures, arguments.output)


def open_backend(library: str, *, streams: int, model: str = MODEL) -> Backend:
    """Load a network with two threads and without the cache on disk."""
    return load_backend(
        find_model(model), backend=library, precision="f32", threads=2, streams=streams, cache=False
    )


def noise(batch: int, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    shape = (batch, height, width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def take_turns(rounds: int, candidates: Mapping[Key, Callable[[], object]]) -> dict[Key, Cost]:
    """Return the least cost of each candidate."""
    costs: dict[Key, list[Cost]] = {name: [] for name in candidates}
    for candidate in candidates.values():
        candidate()
    for _ in range(rounds):
        for name, candidate in candidates.items():
            clock, processor = time.perf_counter(), time.process_time()
            candidate()
            costs[name].append(Cost(time.perf_counter() - clock, time.process_time() - processor))
    return {
        name: Cost(min(c.clock_s for c in found), min(c.processor_s for c in found))
        for name, found in costs.items()
    }


def latency(rounds: int) -> dict[str, dict[str, float]]:
    """One call at a time, both threads in it."""
    candidates = {
        (label(size, batch), library): caller(library, noise(batch, size))
        for size, batch in CASES
        for library in LIBRARIES
    }
    figures = table(take_turns(rounds, candidates), {label(*case): case[1] for case in CASES})
    report("one call at a time, 2 threads: ms per image, on the clock and of processor", figures)
    return figures


def throughput(rounds: int) -> dict[str, dict[str, float]]:
    """Two calls side by side, one thread each."""
    calls = 4
    with ThreadPoolExecutor(2) as pool:
        candidates = {
            (label(size, batch), library): pair(library, noise(batch, size), pool, calls)
            for size, batch in CASES
            for library in LIBRARIES
        }
        costs = take_turns(rounds // 2 + 1, candidates)
    figures = table(costs, {label(*case): case[1] * calls for case in CASES})
    report("two calls side by side, 1 thread each: ms per image", figures)
    return figures


def caller(library: str, pixels: np.ndarray) -> Callable[[], object]:
    backend = open_backend(library, streams=1)
    return lambda: backend.infer(pixels)


def pair(
    library: str, pixels: np.ndarray, pool: ThreadPoolExecutor, calls: int
) -> Callable[[], object]:
    backend = open_backend(library, streams=2)
    return lambda: list(pool.map(backend.infer, [pixels] * calls))


def table(
    costs: Mapping[tuple[str, str], Cost], images: Mapping[str, int]
) -> dict[str, dict[str, float]]:
    """Return milliseconds per image: a row per case, columns per candidate."""
    figures: dict[str, dict[str, float]] = {case: {} for case in images}
    for (case, name), cost in costs.items():
        figures[case][name] = round(cost.clock_s * 1e3 / images[case], 2)
        figures[case][f"{name} processor"] = round(cost.processor_s * 1e3 / images[case], 2)
    return figures


def sizes(rounds: int) -> dict[str, dict[str, float]]:
    """OpenVINO's network for one size against its network for any."""
    candidates: dict[tuple[str, str], Callable[[], object]] = {}
    first: dict[str, dict[str, float]] = {}
    for size in SIZES:
        pixels, case = noise(1, size), label(size, 1)
        own, free = (open_backend("openvino", streams=1) for _ in range(2))
        for other in ((32, 32), (64, 64), (96, 96)):  # two of their own, one that shares
            free.infer(noise(1, other))
        first[case] = {"own first": timed(own, pixels), "free first": timed(free, pixels)}
        candidates[case, "own"] = lambda b=own, p=pixels: b.infer(p)
        candidates[case, "free"] = lambda b=free, p=pixels: b.infer(p)
    # The free one would get a network of its own after a hundred pictures.
    figures = table(take_turns(min(rounds, 90), candidates), dict.fromkeys(first, 1))
    figures = {case: first[case] | row for case, row in figures.items()}
    report("OpenVINO, network for one size or for any: ms", figures)
    return figures


def timed(backend: Backend, pixels: np.ndarray) -> float:
    began = time.perf_counter()
    backend.infer(pixels)
    return round((time.perf_counter() - began) * 1e3, 1)


def start(repeats: int) -> dict[str, dict[str, float]]:
    """From the start of the process to the first maps, without and with what the first one kept."""
    figures = {}
    for library in LIBRARIES:
        fresh, again = [], []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                fresh.append(started(library, folder))
                again.append(started(library, folder))
        figures[f"{library}, first start"] = least(fresh)
        figures[f"{library}, second start"] = least(again)
    report("start: seconds since the process began; peak memory", figures)
    return figures


def started(library: str, cache: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", START, str(time.time()), library],
        env={**os.environ, "POSESTREAM_CACHE_DIR": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def least(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(min(run[key] for run in runs), 3) for key in runs[0]}


def installed_mb(library: str) -> float:
    """Size of a library on disk, without what posestream needs anyway."""
    files = [
        Path(str(file.locate()))
        for package in PACKAGES[library]
        for file in importlib.metadata.files(package) or []
    ]
    total = sum(file.stat().st_size for file in files if file.is_file()) / 1e6
    print(f"{library}: {total:.0f} MB installed")
    return round(total, 1)


def label(size: tuple[int, int], batch: int) -> str:
    return f"{size[0]}x{size[1]} batch {batch}"


def report(title: str, figures: Mapping[str, Mapping[str, float]]) -> None:
    print(f"\n{title}")
    for name, row in figures.items():
        print(f"  {name:26s}", "  ".join(f"{key} {value:8.2f}" for key, value in row.items()))
    for kind in ("", " processor"):
        pairs = [
            (row.get(f"onnxruntime{kind}"), row.get(f"openvino{kind}")) for row in figures.values()
        ]
        ratios = [other / ours for other, ours in pairs if other and ours]
        if ratios:
            print(f"  onnxruntime / openvino{kind}: median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()

"""What writing a frame's people costs in each data format.

    python benchmarks/data_out.py --output benchmarks/results/data_out.json

Prints microseconds of the writing thread's own time per frame, the least of several runs; Parquet
with its parts and the joining at the end.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from _machine import write

from posestream.sinks.formats import FORMATS, open_result_sink
from posestream.topology import COCO_17
from posestream.types import Poses, Result, Tracks

CROWDS = (0, 1, 5, 20)
FRAMES = 300


def main() -> None:
    parser = argparse.ArgumentParser(description="What writing data costs.")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--tries", type=int, default=5)
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    print("us per frame   " + "".join(f"{count:>4} people" for count in CROWDS))
    for name in FORMATS:
        row = {str(count): frame_us(name, count, arguments.tries) for count in CROWDS}
        figures[name] = row
        print(f"{name:<14} " + "".join(f"{value:11.0f}" for value in row.values()))
    write({"us_per_frame": figures}, arguments.output)


def frame_us(name: str, count: int, tries: int) -> float:
    results = [crowd(count, frame) for frame in range(FRAMES)]
    best = float("inf")
    for _ in range(tries):
        with tempfile.TemporaryDirectory() as folder:
            sink = open_result_sink(name, Path(folder) / FORMATS[name].file_name)
            sink.write(results[0])
            start = time.thread_time()
            for result in results:
                sink.write(result)
            sink.close()
            best = min(best, time.thread_time() - start)
    return round(1e6 * best / FRAMES, 1)


def crowd(count: int, frame: int) -> Result:
    rng = np.random.default_rng(frame)
    scores = rng.uniform(0.05, 1, (count, 17)).astype(np.float32)
    poses = Poses(
        rng.uniform(0, 1080, (count, 17, 2)).astype(np.float32),
        np.where(scores < 0.2, 0, scores),
        rng.uniform(0.2, 1, count).astype(np.float32),
        rng.uniform(0, 1080, (count, 4)).astype(np.float32),
    )
    return Result("s", frame, frame / 30, 0.0, (1920, 1080), Tracks.untracked(poses), COCO_17)


if __name__ == "__main__":
    main()

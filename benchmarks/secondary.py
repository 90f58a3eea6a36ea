"""What secondary models cost: nothing when off, and how much when on.

    git worktree add ../before COMMIT_BEFORE_SECONDARY_MODELS
    python benchmarks/secondary.py --clip VIDEO --nanodet nanodet.onnx --before ../before \
        --output benchmarks/results/secondary.json

Everything runs in fresh processes that take turns. Off is compared with the commit before there
were secondary models, in two ways: the main job without video, and the threads and queues alone,
around an estimator that does nothing. On is NanoDet on every frame, on every tenth, and on every
person's crop. Figures are CPU time of all threads, which hardly suffers from other programs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _machine import write

HERE = Path(__file__).resolve().parents[1]
FRAMES_OF_NOTHING = 20_000


def main_job(clip: str, seconds: float, secondary: list[str]) -> dict[str, float]:
    """Run without video and return CPU milliseconds per frame."""
    import posestream

    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"input": clip, "output": folder, "video": False}
        given |= {"profile": "fast", "end": seconds, "secondary": secondary or None}
        if not secondary:
            del given["secondary"]  # which earlier commits do not know
        posestream.run(posestream.load_config(None, {**given, "end": 0.5, "overwrite": True}))
        start = time.process_time()
        done = posestream.run(posestream.load_config(None, {**given, "overwrite": True}))
        cpu_s = time.process_time() - start
        return {"cpu_ms": 1e3 * cpu_s / done.frames}


def threads_alone() -> dict[str, float]:
    """Send frames through the threads and queues to an estimator that finds nobody at once."""
    from fractions import Fraction

    import numpy as np

    from posestream.images import HostImage
    from posestream.runtime.stream import StreamPlan
    from posestream.runtime.streams import StreamSet
    from posestream.sources import SourceInfo
    from posestream.topology import COCO_17
    from posestream.types import Frame, Poses

    image, nobody = HostImage.from_rgb(np.zeros((8, 8, 3), np.uint8)), Poses.empty(17)

    class Nothing:
        info = SourceInfo((8, 8), None, FRAMES_OF_NOTHING)
        corrupt_frames = 0
        quick = True

        def frames(self) -> Any:
            for i in range(FRAMES_OF_NOTHING):
                yield Frame("nothing", i, i, Fraction(1, 25), image, 0.0)

        def write(self, frame: Any, result: Any) -> None:
            pass

        def finish(self, activities: Any) -> None:
            pass

        def close(self) -> None:
            pass

        def estimate(self, images: Any) -> list[Poses]:
            return [nobody] * len(images)

    streams = StreamSet(Nothing(), topology=COCO_17, workers=1)
    start = time.process_time()
    streams.add(StreamPlan("nothing", Nothing, lambda _: Nothing()))
    while not streams.wait(1):
        pass
    streams.close()
    return {"cpu_ms": 1e3 * (time.process_time() - start) / FRAMES_OF_NOTHING}


def measure(task: dict[str, Any]) -> dict[str, float]:
    """Do one task and return its figures."""
    if task["what"] == "threads":
        return threads_alone()
    return main_job(task["clip"], task["seconds"], task["secondary"])


def in_process(tree: Path, task: dict[str, Any]) -> dict[str, float]:
    """Measure in a fresh process that imports the package of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    command = [sys.executable, str(Path(__file__)), "--task", json.dumps(task)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description="What secondary models cost.")
    parser.add_argument("--task", type=json.loads, help=argparse.SUPPRESS)
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--nanodet", type=Path)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if arguments.task:
        print(json.dumps(measure(arguments.task)))
        return
    model = f"{arguments.nanodet},card=nanodet-coco80"
    run = {"what": "run", "clip": str(arguments.clip), "seconds": arguments.seconds}
    variants = {
        "before": (arguments.before, {**run, "secondary": []}),
        "off": (HERE, {**run, "secondary": []}),
        "nanodet_every_10th_frame": (HERE, {**run, "secondary": [f"{model},interval=10"]}),
        "nanodet_every_frame": (HERE, {**run, "secondary": [model]}),
        "nanodet_every_person": (HERE, {**run, "secondary": [f"{model},on=people"]}),
        "threads_before": (arguments.before, {"what": "threads"}),
        "threads_off": (HERE, {"what": "threads"}),
    }
    rounds: list[dict[str, dict[str, float]]] = []
    for _ in range(arguments.rounds):
        rounds.append({name: in_process(*variant) for name, variant in variants.items()})
        print({name: round(one["cpu_ms"], 3) for name, one in rounds[-1].items()})
    write(summary(rounds, arguments), arguments.output)


def summary(
    rounds: list[dict[str, dict[str, float]]], arguments: argparse.Namespace
) -> dict[str, object]:
    """Return the least and the median CPU time of all rounds."""
    names = rounds[0]
    return {
        "clip": arguments.clip.name,
        "seconds": arguments.seconds,
        "profile": "fast",
        "least_cpu_ms_per_frame": {
            name: round(min(one[name]["cpu_ms"] for one in rounds), 4) for name in names
        },
        "median_cpu_ms_per_frame": {
            name: round(statistics.median(one[name]["cpu_ms"] for one in rounds), 4)
            for name in names
        },
        "load": os.getloadavg(),
    }


if __name__ == "__main__":
    main()

"""How long posestream takes to start: import, help, and the first pose.

    python benchmarks/startup.py [--clip VIDEO] [--output FILE]

"First start" has empty caches of compiled code and networks; "second start" finds them on disk.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _machine import write

REPEATS = 5
FIRST_POSE = """
import sys, posestream
for prediction in posestream.stream(sys.argv[1]):
    if len(prediction):
        print("pose", flush=True)
        break
"""


def seconds(command: list[str], environment: dict[str, str], until: str | None = None) -> float:
    """Time a process until it ends, or until it prints a line."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    if until is not None:
        line = process.stdout.readline().strip()
        elapsed = time.perf_counter() - start
        if line != until:
            raise SystemExit(f"{command}: printed {line!r}, not {until!r}")
        process.communicate()
        return elapsed
    process.communicate()
    if process.returncode:
        raise SystemExit(f"{command}: exit code {process.returncode}")
    return time.perf_counter() - start


def best(command: list[str], environment: dict[str, str], until: str | None = None) -> float:
    """Return the least of several times."""
    return min(seconds(command, environment, until) for _ in range(REPEATS))


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the start of posestream.")
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    python = sys.executable
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "POSESTREAM_CACHE_DIR": f"{folder}/cache",
            "NUMBA_CACHE_DIR": f"{folder}/numba",
        }
        clip = arguments.clip
        if clip is None:
            from posestream.demo.clip import make_demo_clip

            clip = Path(folder, "demo.mp4")
            make_demo_clip(clip)
        pose = [python, "-c", FIRST_POSE, str(clip)]
        bare = best([python, "-c", "pass"], environment)
        figures: dict[str, object] = {
            "python_s": bare,
            "import_s": best([python, "-c", "import posestream"], environment) - bare,
            "help_s": best([python, "-m", "posestream", "--help"], environment),
            "run_help_s": best([python, "-m", "posestream", "run", "--help"], environment),
            "first_pose_first_start_s": seconds(pose, environment, "pose"),
            "first_pose_second_start_s": best(pose, environment, "pose"),
        }
    for name, value in figures.items():
        print(f"{name:28s} {value:.3f}")
    write(figures, arguments.output)


if __name__ == "__main__":
    main()

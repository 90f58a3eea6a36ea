"""Whether memory stays flat over many frames of the main job.

    python benchmarks/memory.py --clip VIDEO [--frames 10000] [--profile fast] [--output FILE]

Loops the clip into one long video, runs ``posestream run`` on it in a process of its own, and
samples that process's resident memory. Growth compares the last tenth of the run with the second
tenth, because the first fills caches.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
from _machine import write

SAMPLE_S = 0.5


def long_video(clip: Path, frames: int, target: Path) -> None:
    """Repeat a clip's pictures until there are enough, 640 pixels wide."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as sink:
        pictures = [
            frame.reformat(width=640, height=round(320 * frame.height / frame.width) * 2)
            for _, frame in zip(range(300), source.decode(video=0), strict=False)
        ]
        stream = sink.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height = pictures[0].width, pictures[0].height
        stream.pix_fmt = "yuv420p"
        for index in range(frames):
            picture = pictures[index % len(pictures)]
            picture.pts, picture.time_base = index, Fraction(1, 30)
            sink.mux(stream.encode(picture))
        sink.mux(stream.encode(None))


def resident_mb(pid: int) -> float:
    """Return a process's resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def watch(command: list[str]) -> tuple[list[float], float]:
    """Run a process to its end and sample its memory."""
    start = time.perf_counter()
    process = subprocess.Popen(command)
    samples = []
    while process.poll() is None:
        try:
            samples.append(resident_mb(process.pid))
        except (FileNotFoundError, StopIteration):
            break
        time.sleep(SAMPLE_S)
    if process.wait():
        raise SystemExit(f"{command}: exit code {process.returncode}")
    return samples, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Watch memory over a long run.")
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--profile", default="fast")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder, "long.mp4")
        long_video(arguments.clip, arguments.frames, video)
        command = [sys.executable, "-m", "posestream", "run", str(video), "--quiet"]
        command += ["--output", f"{folder}/out", "--profile", arguments.profile]
        samples, elapsed = watch(command)
        lines = Path(folder, "out", "poses.jsonl").read_text().count("\n")
    tenth = max(1, len(samples) // 10)
    early = sum(samples[tenth : 2 * tenth]) / tenth
    late = sum(samples[-tenth - 1 : -1]) / tenth
    figures: dict[str, object] = {
        "frames": lines,
        "profile": arguments.profile,
        "elapsed_s": round(elapsed, 1),
        "early_mb": round(early, 1),
        "late_mb": round(late, 1),
        "growth": round(late / early - 1, 4),
        "peak_mb": round(max(samples), 1),
    }
    print(json.dumps(figures, indent=2))
    write(figures, arguments.output)


if __name__ == "__main__":
    main()

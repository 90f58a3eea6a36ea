"""Compare a run of many live streams in one process and in several: frames, CPU time, memory.

    python benchmarks/processes.py [--streams 64] [--seconds 30] [--output FILE]

The streams are made up (``fake:``), and people are looked for in every n-th frame only, so that
what is measured is what a frame costs besides the network. Each run is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from _machine import write

from posestream.config import load_config
from posestream.pipeline import run
from posestream.runtime.status import StreamStatus
from posestream.runtime.stopping import StopFlag


class Window:
    """Counts frames and CPU time of a run from when every stream has begun.

    Args:
        seconds: How long it counts; then the run is stopped.
        stop: Requested then.
    """

    def __init__(self, seconds: float, stop: StopFlag) -> None:
        self._seconds, self._stop = seconds, stop
        self._begun_s: float | None = None
        self._before = (0, 0, 0.0)
        self.figures: dict[str, float] = {}

    def look(self, streams: Sequence[StreamStatus]) -> None:
        """Begin or end counting where it is time."""
        now_s = time.monotonic()
        if self._begun_s is None:
            if all(stream.frames for stream in streams):
                self._begun_s, self._before = now_s, _counted(streams)
        elif not self.figures and now_s - self._begun_s >= self._seconds:
            elapsed_s = now_s - self._begun_s
            frames, dropped, cpu_s = (
                after - before
                for after, before in zip(_counted(streams), self._before, strict=True)
            )
            self.figures = {
                "fps": round(frames / elapsed_s, 1),
                "dropped_share": round(dropped / max(frames + dropped, 1), 3),
                "cores": round(cpu_s / elapsed_s, 2),
                "cpu_us_per_frame": round(1e6 * cpu_s / max(frames, 1)),
                "resident_mb": round(sum(map(_resident_mb, ["self", *_children()]))),
            }
            self._stop.request()


def measured(args: argparse.Namespace) -> dict[str, float]:
    """Run once, in this process and its children."""
    stop = StopFlag()
    window = Window(args.seconds, stop)
    with tempfile.TemporaryDirectory() as folder:
        config = load_config(
            None,
            {
                "input": [f"fake:160x120@{args.rate}?realtime=1"] * args.streams,
                "output": folder,
                "profile": "fast",
                "interval": args.interval,
                "video": False,
                "processes": args.only,
            },
        )
        run(config, stop=stop, on_status=window.look)
    return {"processes": args.only, **window.figures}


def main() -> None:
    """Measure each number of processes in turns and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=64)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--interval", type=int, default=30)
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.only:
        print(json.dumps(measured(args)))
        return
    rows = []
    for _ in range(args.repeat):
        for processes in args.processes:
            command = [sys.executable, __file__, *sys.argv[1:], "--only", str(processes)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            rows.append(json.loads(done.stdout))
            print(rows[-1], flush=True)
    settings = {key: getattr(args, key) for key in ("streams", "seconds", "interval", "rate")}
    write({**settings, "rows": rows}, args.output)


def _counted(streams: Sequence[StreamStatus]) -> tuple[int, int, float]:
    """Return frames, frames dropped, and CPU seconds of this process and of its children."""
    use = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = use.ru_utime + use.ru_stime + sum(map(_cpu_s, _children()))
    return sum(s.frames for s in streams), sum(s.dropped for s in streams), cpu_s


def _children() -> list[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [pid for task in tasks for pid in task.read_text().split()]


def _cpu_s(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _resident_mb(pid: str) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 1e6


if __name__ == "__main__":
    main()

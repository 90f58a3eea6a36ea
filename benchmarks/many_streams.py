"""Figures of many streams at once.

    python benchmarks/many_streams.py [--only NAME] [--output FILE]

* together: 16 files at once against one file with the same frames and the same outputs.
* dead_camera: 8 live streams, and the same beside a camera that refuses, hangs or answers 404.
* latency: of live streams that keep the machine busy to four fifths of what it can do.
* reconnect: how soon frames come after an RTSP server's return, away for 1 to 20 s.
* start_and_stop: 32 streams until each has its first result; the end, with every file playable.
* own_cost: processor time per frame of the runtime alone, with an estimator that takes none.

Figures are ratios of sides that take turns in one run, or times against a bar. With ``--only``,
the others in FILE stay as they are.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _streams_coming
import _streams_load
from _machine import write
from _streams import Instant, add_pictures, remove_pictures, small_picture

from posestream.runtime.streams import StreamSet
from posestream.topology import COCO_17

Figures = dict[str, Any]
BUDGET_US = 220
RATE = 30


def own_cost(_: Path) -> Figures:
    """Measure processor time per frame of the runtime alone."""
    figures: Figures = {"budget_us": BUDGET_US, "file_rules": {}, "live_rules": {}}
    for count in (1, 16, 64):
        figures["file_rules"][str(count)] = _as_files(count, frames=12_000 // count)
    for count in (1, 16, 64, 150):
        figures["live_rules"][str(count)] = _live(count, seconds=5)
    return figures


def _as_files(count: int, *, frames: int) -> Figures:
    streams = StreamSet(Instant(), topology=COCO_17, workers=2, concurrent=1000)
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    add_pictures(streams, count, small_picture(), frames=frames)
    while not streams.wait(10):
        pass
    cpu_s, elapsed_s = time.process_time() - cpu_s, time.perf_counter() - begun_s
    streams.close()
    return {
        "cpu_us_per_frame": round(1e6 * cpu_s / (count * frames), 1),
        "fps": round(count * frames / elapsed_s),
    }


def _live(count: int, *, seconds: float) -> Figures:
    streams = StreamSet(Instant(), topology=COCO_17, workers=2, concurrent=1000)
    notings = add_pictures(streams, count, small_picture(), rate=RATE)
    time.sleep(1)
    begun_s, cpu_s = time.monotonic(), time.process_time()
    time.sleep(seconds)
    ended_s, cpu_s = time.monotonic(), time.process_time() - cpu_s
    taken = [late for one in notings for _, late in one.between(begun_s, ended_s)]
    dropped = sum(status.dropped for status in streams.statuses())
    remove_pictures(streams, count)
    streams.close()
    return {
        "cpu_us_per_frame": round(1e6 * cpu_s / len(taken), 1),
        "share_of_rate": round(len(taken) / (count * RATE * (ended_s - begun_s)), 3),
        "dropped": dropped,
        "latency_p99_ms": round(1e3 * sorted(taken)[int(0.99 * len(taken))], 2),
    }


FIGURES: dict[str, Callable[[Path], Figures]] = {
    **_streams_load.FIGURES,
    **_streams_coming.FIGURES,
    "own_cost": own_cost,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure many streams at once.")
    parser.add_argument("--only", choices=FIGURES, action="append", help="may be repeated")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    output: Path | None = arguments.output
    figures: Figures = {}
    if arguments.only and output and output.exists():
        figures = json.loads(output.read_text())
        figures.pop("machine")
    for name in arguments.only or FIGURES:
        begun_s = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            figures[name] = FIGURES[name](Path(folder))
        print(f"{name} ({time.perf_counter() - begun_s:.0f} s)")
        print(json.dumps(figures[name], indent=2), flush=True)
        write(figures, output)


if __name__ == "__main__":
    main()

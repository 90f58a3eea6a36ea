"""Processor time per frame of everything but pixels and networks: what limits a process.

    python benchmarks/runtime_cost.py [--only NAME] [--output FILE]

Every frame holds five people with 17 keypoints, known beforehand; they are followed and written to
``poses.jsonl``. Two workers take batches of up to 32, as on a GPU; frames gather for 5 ms.

* live: 32 and 128 live streams of 30 fps: processor time per frame, by what threads do. Some 30 us
  of the readers' is what it costs to wake a thread that plays a camera.
* files: 32 files as fast as can be: wall time per frame, which is what holds a process up, and
  processor time.
* steps: the single steps of a frame, one thread alone.

Linux only.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

from _machine import write
from _runtime_load import (
    Place,
    Places,
    Ready,
    add_streams,
    cpu_s,
    moving_people,
    recorder,
    thread_costs,
)

from posestream.analysis import StreamAnalysis
from posestream.findings import NOTHING
from posestream.runtime.meter import StreamMeter
from posestream.runtime.metrics import StageClock
from posestream.runtime.results import ResultMaker
from posestream.runtime.retiming import LiveTimeline
from posestream.runtime.scheduling import Found, Ticket
from posestream.runtime.streams import StreamSet
from posestream.sinks.jsonl import JsonLinesSink, json_line
from posestream.topology import COCO_17
from posestream.tracking.tracker import PoseTracker
from posestream.types import Frame

Figures = dict[str, Any]
LIVE_STREAMS, FILES, RATE = (32, 128), 32, 30
WORKERS, BATCH, GATHER_S = 2, 32, 0.005
_LIVE_S, _FILE_FRAMES, _STEPS = 10.0, 600, 2000


def live(folder: Path) -> Figures:
    """Measure live streams at their rate."""
    return {str(count): _live(folder, count) for count in LIVE_STREAMS}


def _live(folder: Path, count: int) -> Figures:
    streams = _stream_set()
    add_streams(streams, count, folder, rate=RATE)
    time.sleep(1)
    before, written, begun_s = thread_costs(), _written(streams), cpu_s()
    time.sleep(_LIVE_S)
    after, written, used_s = thread_costs(), _written(streams) - written, cpu_s() - begun_s
    statuses = streams.statuses()
    streams.close()
    return {
        "cpu_us_per_frame": round(1e6 * used_s / written, 1),
        "share_of_rate": round(written / (count * RATE * _LIVE_S), 3),
        "dropped": sum(status.dropped for status in statuses),
        "latency_p99_ms": round(1e3 * max(s.latency.quantile(0.99) for s in statuses)),
        "threads": {
            role: {
                "cpu_us_per_frame": round(1e6 * (after[role][0] - before[role][0]) / written, 1),
                "waits_per_frame": round((after[role][1] - before[role][1]) / written, 2),
            }
            for role in after
        },
    }


def files(folder: Path) -> Figures:
    """Measure files as fast as they go; the median of three runs."""
    runs = [_files_once(folder) for _ in range(3)]
    return {name: round(median(run[name] for run in runs), 1) for name in runs[0]}


def _files_once(folder: Path) -> dict[str, float]:
    streams = _stream_set()
    begun_s, began_s = time.perf_counter(), cpu_s()
    add_streams(streams, FILES, folder, frames=_FILE_FRAMES)
    while not streams.wait(10):
        pass
    elapsed_s, used_s = time.perf_counter() - begun_s, cpu_s() - began_s
    written = _written(streams)
    streams.close()
    assert written == FILES * _FILE_FRAMES
    return {
        "wall_us_per_frame": 1e6 * elapsed_s / written,
        "cpu_us_per_frame": 1e6 * used_s / written,
        "fps": written / elapsed_s,
    }


def steps(folder: Path) -> Figures:
    """Measure each step of a frame in one thread; the median of their repetitions."""
    clock, ready, maker = StageClock(), Ready(), _maker()
    frames = [*Places("s", frames=_STEPS).frames()]
    found = [Found(poses, NOTHING) for poses in ready.estimate([f.image for f in frames])]
    tickets = [Ticket(frame, _Nobody(), read_s=0.0) for frame in frames]
    for ticket, one in zip(tickets, found, strict=True):
        ticket.serve(one)
    timeline, tracker, meter = LiveTimeline(), PoseTracker(COCO_17), StreamMeter()
    results = [result for ticket in tickets for _, result in maker.results(ticket)]
    again, sink = _maker(), JsonLinesSink(folder / "steps.jsonl", overwrite=True)
    record = recorder(folder / "recorded.jsonl", clock)
    named: dict[str, Callable[[int], object]] = {
        "place in time": lambda i: timeline.place(frames[i], arrived_s=i / RATE),
        "seconds of a frame": lambda i: frames[i].pts_s,
        "track": lambda i: tracker.update(found[i].poses, i / RATE),
        "result, with tracking": lambda i: again.results(tickets[i]),
        "line": lambda i: json_line(results[i]),
        "line, written": lambda i: sink.write(results[i]),
        "recorded": lambda i: record.write(frames[i], results[i]),
        "count": lambda i: meter.written(results[i], read_s=0.0),
        "count a stage": lambda _: clock.add("write data", 1e-6),
    }
    figures = {name: _median_us(step) for name, step in named.items()}
    sink.close()
    record.close()
    return figures


class _Nobody:
    """Does not care for tickets."""

    def ready(self, ticket: Ticket) -> None:
        """Do nothing."""


def _median_us(step: Callable[[int], object]) -> float:
    times = []
    for index in range(_STEPS):
        begun_ns = time.perf_counter_ns()
        step(index)
        times.append(time.perf_counter_ns() - begun_ns)
    return round(median(times) / 1e3, 2)


def _maker() -> ResultMaker:
    return ResultMaker(COCO_17, live=True, analysis=StreamAnalysis(PoseTracker(COCO_17)))


def _stream_set() -> StreamSet:
    return StreamSet(
        Ready(),
        topology=COCO_17,
        workers=WORKERS,
        batch=BATCH,
        gather_s=GATHER_S,
        concurrent=1000,
    )


def _written(streams: StreamSet) -> int:
    return sum(status.frames for status in streams.statuses())


def _warm_up(folder: Path) -> None:
    """Compile what is compiled on its first call."""
    frame = Frame("s", 0, 0, Fraction(1, 30), Place(0), 0.0)  # pyright: ignore[reportArgumentType]
    ticket = Ticket(frame, _Nobody())
    ticket.serve(Found(moving_people(0), NOTHING))
    [(_, result)] = _maker().results(ticket)
    (folder / "warm.jsonl").write_bytes(json_line(result))


FIGURES: dict[str, Callable[[Path], Figures]] = {"live": live, "files": files, "steps": steps}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the runtime's own cost per frame.")
    parser.add_argument("--only", choices=FIGURES, action="append", help="may be repeated")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        _warm_up(Path(folder))
        for name in arguments.only or FIGURES:
            figures[name] = FIGURES[name](Path(folder))
            print(name, json.dumps(figures[name], indent=2), flush=True)
    write(figures, arguments.output)


if __name__ == "__main__":
    main()

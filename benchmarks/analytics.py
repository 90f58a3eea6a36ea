"""How long do falls and activities take per frame?

    PYTHONPATH=tools python benchmarks/analytics.py --output analytics.json

One thread; acted people who stand, walk, sit and fall, seen at 25 pictures per second; the mean
of the thread's own time over all frames but the first second's, from `Tracks` to events and
segments. Both stages pass over frames that follow the last one too closely.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import _machine
import numpy as np
from acting import LIE, SIT, STAND, Figure, between, poses_of, walk

from posestream.analytics.activities import ActivityRecogniser
from posestream.analytics.falls import FallDetector
from posestream.topology import COCO_17
from posestream.types import Tracks

FRAMES, FPS = 750, 25


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[0, 1, 10, 50])
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    table: dict[str, dict[str, float]] = {}
    for people in arguments.people:
        frames = [_tracks(number / FPS, people) for number in range(FRAMES)]
        falls, activities = FallDetector(COCO_17), ActivityRecogniser(COCO_17)
        table[str(people)] = row = {
            "falls_us": _mean_us(falls.update, frames),
            "activities_us": _mean_us(activities.update, frames),
        }
        print(
            f"{people:4} people  falls {row['falls_us']:7.1f} us  "
            f"activities {row['activities_us']:7.1f} us per frame"
        )
    _machine.write({"people": table}, arguments.output)


def _tracks(time_s: float, people: int) -> Tracks:
    figures = [_figure(time_s, number).moved(x=2.0 * number) for number in range(people)]
    return Tracks(poses_of(figures, stature=200), np.arange(people))


def _figure(time_s: float, number: int) -> Figure:
    if number % 4 == 0:
        return between(STAND, LIE, min(max((time_s - 5 - number / 10) / 0.7, 0), 1))
    return (STAND, SIT, walk(time_s))[number % 3]


def _mean_us(update: Callable[..., object], frames: list[Tracks]) -> float:
    seconds = []
    for number, tracks in enumerate(frames):
        started = time.thread_time_ns()
        update(tracks, pts_s=number / FPS)
        seconds.append(time.thread_time_ns() - started)
    return float(np.mean(seconds[25:])) / 1e3


if __name__ == "__main__":
    main()

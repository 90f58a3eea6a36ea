"""How long do zones, lines and speeds take per frame?

    python benchmarks/zones.py --output benchmarks/results/zones.json

One thread; people who walk to and fro over the whole picture at 25 pictures per second, so that
zones are entered and lines crossed all the time; the thread's own time, the mean over each three
seconds but the first, and of these the median. Zones are hexagons; half as many lines are watched
beside them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _machine import write

from posestream.analytics.ground import GroundPlane
from posestream.analytics.speeds import SpeedMeter
from posestream.analytics.zones import ZoneWatcher
from posestream.topology import COCO_17
from posestream.types import Poses, Tracks
from posestream.zones import Line, Zone

FRAMES, CHUNK, FPS, SIZE = 1000, 75, 25, (1280, 720)
TALL = 160.0
CASES = ((0, 5), (1, 5), (10, 1), (10, 5), (50, 5), (10, 20))
"""People and zones."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    rows = []
    for people, zones in CASES:
        frames = [walking(number / FPS, people) for number in range(FRAMES)]
        watcher = ZoneWatcher(COCO_17, zones=hexagons(zones), lines=gates(zones // 2))
        events = 0

        def watch(tracks: Tracks, pts_s: float, watcher: ZoneWatcher = watcher) -> None:
            nonlocal events
            events += len(watcher.update(tracks, pts_s=pts_s, size=SIZE))

        row = {"people": people, "zones": zones, "lines": zones // 2}
        row |= {"us_per_frame": mean_us(watch, frames), "events": events}
        rows.append(row)
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    meter = SpeedMeter(COCO_17, ground())
    frames = [walking(number / FPS, 10) for number in range(FRAMES)]
    speeds_us = mean_us(lambda tracks, pts_s: meter.update(tracks, pts_s=pts_s, size=SIZE), frames)
    print(f"speeds of 10 people {speeds_us} us")
    write({"watching": rows, "speeds_us_per_frame_10_people": speeds_us}, arguments.output)


def mean_us(update: Callable[[Tracks, float], object], frames: list[Tracks]) -> float:
    for number in range(FPS):
        update(frames[number], number / FPS)
    chunks = []
    for first in range(FPS, FRAMES - CHUNK, CHUNK):
        start = time.thread_time()
        for number in range(first, first + CHUNK):
            update(frames[number], number / FPS)
        chunks.append((time.thread_time() - start) / CHUNK)
    return round(1e6 * float(np.median(chunks)), 1)


def walking(t: float, people: int) -> Tracks:
    numbers = np.arange(people)
    x = SIZE[0] * (0.5 + 0.45 * np.sin(0.4 * t + numbers))
    y = SIZE[1] * (0.6 + 0.35 * np.sin(0.23 * t + 2 * numbers))
    body = np.stack([np.linspace(-20, 20, 17), np.linspace(-TALL, 0, 17)], axis=1)
    points = (body + np.stack([x, y], axis=1)[:, None]).astype(np.float32).reshape(-1, 17, 2)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    scores = np.full((people, 17), 0.8, np.float32)
    return Tracks(Poses(points, scores, scores[:, 0], boxes), numbers.astype(np.int64))


def hexagons(count: int) -> list[Zone]:
    turns = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    middles = (np.arange(count) + 0.5) / count
    return [
        Zone(
            name=f"zone{n}",
            polygon=tuple(
                zip(
                    (m + 0.4 / count * np.cos(turns)).tolist(),
                    (0.6 + 0.3 * np.sin(turns)).tolist(),
                    strict=True,
                )
            ),
            dwell_s=1.0,
        )
        for n, m in enumerate(middles.tolist())
    ]


def gates(count: int) -> list[Line]:
    xs = (np.arange(count) + 0.5) / max(count, 1)
    return [Line(name=f"gate{n}", start=(x, 0.2), end=(x, 1)) for n, x in enumerate(xs.tolist())]


def ground() -> GroundPlane:
    return GroundPlane(
        ((0.3, 0.2), (0.7, 0.2), (1.0, 1.0), (0.0, 1.0)), ((0, 15), (10, 15), (10, 0), (0, 0))
    )


if __name__ == "__main__":
    main()

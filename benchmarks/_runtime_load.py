"""Streams that cost nothing but what the runtime costs: five people each, followed and written."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from posestream.analysis import StreamAnalysis
from posestream.recording import Recorder
from posestream.runtime.metrics import StageClock
from posestream.runtime.stream import StreamPlan
from posestream.runtime.streams import StreamSet
from posestream.sinks.jsonl import JsonLinesSink
from posestream.sources import SourceInfo
from posestream.topology import COCO_17
from posestream.tracking.tracker import PoseTracker
from posestream.types import Frame, Poses

SIZE = (1920, 1080)
PEOPLE = 5
TICKS = 90_000
_MOVING = 240
_MISSING = 0.05
_NO_ANNOTATOR: Any = None  # is not asked where nothing is drawn


@dataclass(frozen=True, slots=True)
class Place:
    """A picture without pixels that knows its place among those of its stream."""

    index: int
    """From 0."""
    size: tuple[int, int] = SIZE
    """Width and height, pixels."""


class Places:
    """Frames without pixels, as fast as they are taken or at a rate, as a camera gives them.

    A camera's reader sleeps in one call into C, so this one does.

    Args:
        name: Name of the stream.
        rate: Frames per second; None for as fast as can be, by the rules of files.
        frames: End after so many.
    """

    def __init__(self, name: str, *, rate: float | None = None, frames: int | None = None) -> None:
        self.name = name
        self.corrupt_frames = 0
        live = rate is not None
        self.info = SourceInfo(
            size=SIZE, frame_rate=Fraction(30), frame_count=frames, live=live, ends=not live
        )
        self._rate, self._frames = rate, frames
        self._closed = False

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the end, or closed."""
        begun_s, time_base = time.monotonic(), Fraction(1, TICKS)
        for index in itertools.count():
            if index == self._frames or self._closed:
                return
            if self._rate is not None:
                time.sleep(max(0.0, begun_s + index / self._rate - time.monotonic()))
            yield Frame(
                self.name, index, index * TICKS // 30, time_base, _place(index), time.time()
            )

    def close(self) -> None:
        """End the frames."""
        self._closed = True


class Ready:
    """Knows five people in every picture before it is asked."""

    topology = COCO_17
    description = "five people, at once"

    def __init__(self) -> None:
        self._poses = [moving_people(index) for index in range(_MOVING)]

    def estimate(self, images: Sequence[Any]) -> list[Poses]:
        """Return the people of each picture."""
        return [self._poses[image.index % _MOVING] for image in images]


def moving_people(index: int) -> Poses:
    """Return five people who walk to and fro, found with a little jitter, some keypoints not."""
    jitter = np.random.default_rng(index)
    figure = np.random.default_rng(7).uniform((0, 0), (120, 300), (17, 2))
    swing = 150 * np.sin(2 * np.pi * index / _MOVING)
    starts = np.array([[200 + 340 * p + swing, 300 + 60 * p] for p in range(PEOPLE)])
    points = starts[:, None] + figure + jitter.normal(0, 1, (PEOPLE, 17, 2))
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    missing = jitter.random((PEOPLE, 17)) < _MISSING
    scores = np.linspace(0.9, 0.7, PEOPLE)
    sure = np.clip(scores[:, None] + jitter.normal(0, 0.03, (PEOPLE, 17)), 0.1, 1)
    points[missing], sure[missing] = np.nan, 0
    return Poses(*(array.astype(np.float32) for array in (points, sure, scores, boxes)))


def add_streams(
    streams: StreamSet,
    count: int,
    folder: Path,
    *,
    rate: float | None = None,
    frames: int | None = None,
) -> None:
    """Add so many streams whose people are followed and written to ``poses.jsonl``."""
    for place in range(count):
        name = f"s{place}"
        streams.add(
            StreamPlan(
                name,
                lambda name=name: Places(name, rate=rate, frames=frames),
                lambda _, name=name: recorder(folder / f"{name}.jsonl", streams.clock),
                analysis=lambda: StreamAnalysis(PoseTracker(COCO_17)),
            )
        )
        if rate:
            time.sleep(1 / (rate * count))  # cameras do not give frames in step


def recorder(path: Path, clock: StageClock) -> Recorder:
    """Return what writes ``poses.jsonl`` alone."""
    return Recorder(
        _NO_ANNOTATOR, [], [JsonLinesSink(path, overwrite=True)], clock=clock, quick=True
    )


def thread_costs() -> dict[str, tuple[float, int]]:
    """Return processor seconds and voluntary waits so far of threads by what they do.

    What threads do is the first word of their names: read, estimate, write, supervise, others.
    """
    costs: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for thread in threading.enumerate():
        task = Path(f"/proc/self/task/{thread.native_id}")
        role = thread.name.partition("-")[0]
        ran_s = int((task / "schedstat").read_text().split()[0]) / 1e9
        lines = (task / "status").read_text().splitlines()
        [waits] = [int(line.split()[1]) for line in lines if line.startswith("voluntary")]
        before_s, before = costs[role]
        costs[role] = (before_s + ran_s, before + waits)
    return dict(costs)


def cpu_s() -> float:
    """Return processor seconds of the whole process so far."""
    times = os.times()
    return times.user + times.system


def _place(index: int) -> Any:
    """Return a picture; it lacks what only those ask for who look at pixels."""
    return Place(index)

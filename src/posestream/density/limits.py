"""What the parts can do alone: decoding without a network, a network without decoding."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from posestream.images import Image
from posestream.inference.settings import usable_cores
from posestream.runtime.workers import Estimator
from posestream.sources.file import VideoFileSource
from posestream.types import Frame

_PICTURES = 8
_APART = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """Each part alone on the whole machine."""

    decode_fps: float
    """Frames per second decoded, as many at a time as there are cores."""
    infer_fps: float
    """Pictures per second in which people are found, decoding apart."""
    infer_s: float
    """Time of one call of the network there, seconds."""

    def streams(self, rate: float, *, interval: int = 1) -> tuple[float, float]:
        """Return how many streams decoding alone, and the network alone, would allow.

        Args:
            rate: Frames per second of a stream.
            interval: People are looked for in every n-th frame.
        """
        return self.decode_fps / rate, self.infer_fps * interval / rate


def measure_limits(
    clip: Path, estimator: Estimator, *, workers: int, batch: int, seconds: float
) -> Limits:
    """Measure each part alone, one after the other.

    Args:
        clip: The video that is decoded, and in whose pictures people are looked for.
        estimator: Finds people.
        workers: Threads that call it side by side.
        batch: Pictures in one call.
        seconds: How long each part is measured.

    Raises:
        SourceError: If the clip cannot be read.
        InferenceError: If the network fails.
    """
    decode_fps, _ = side_by_side(lambda: _decoding(clip), usable_cores(), seconds=seconds)
    pictures = some_pictures(clip)
    estimator.estimate(pictures[:1])  # the first call may compile
    infer_fps, infer_s = side_by_side(
        lambda: inferring(estimator, pictures, batch), workers, seconds=seconds
    )
    return Limits(decode_fps, infer_fps, infer_s)


Step = Callable[[], int]


def _decoding(clip: Path) -> Step:
    """Return what decodes the next frame of a video without an end, and says 1."""

    def forever() -> Iterator[Frame]:
        while True:
            with closing(VideoFileSource(clip, threads=1)) as source:
                yield from source.frames()

    frames = forever()

    def step() -> int:
        next(frames)
        return 1

    return step


def inferring(estimator: Estimator, pictures: Sequence[Image], batch: int) -> Step:
    """Return what finds people in the next pictures, over and over, and says in how many."""
    endless = cycle(pictures)

    def step() -> int:
        return len(estimator.estimate(list(islice(endless, batch))))

    return step


def side_by_side(make: Callable[[], Step], count: int, *, seconds: float) -> tuple[float, float]:
    """Repeat a step on several threads; return its results per second, and its mean time."""
    steps = [make() for _ in range(count)]
    begun_s = time.perf_counter()

    def repeat(step: Step) -> tuple[int, int]:
        results = calls = 0
        while not calls or time.perf_counter() - begun_s < seconds:
            results += step()
            calls += 1
        return results, calls

    with ThreadPoolExecutor(count) as threads:
        counted = list(threads.map(repeat, steps))
    elapsed_s = time.perf_counter() - begun_s
    results, calls = (sum(column) for column in zip(*counted, strict=True))
    return results / elapsed_s, count * elapsed_s / calls


def some_pictures(clip: Path) -> list[Image]:
    """Return pictures from all over the beginning of a clip.

    Raises:
        SourceError: If it cannot be read.
    """
    with closing(VideoFileSource(clip)) as source:
        frames = islice(source.frames(), 0, _PICTURES * _APART, _APART)
        return [frame.image for frame in frames]

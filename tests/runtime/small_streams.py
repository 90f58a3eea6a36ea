"""Sources, an estimator and consumers small enough to see through, for tests of the runtime."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from posestream.errors import InferenceError, SourceError
from posestream.images import HostImage
from posestream.runtime.stream import StreamPlan
from posestream.runtime.streams import StreamSet
from posestream.topology import COCO_17
from posestream.types import Frame, Poses, Result


def picture(value: int) -> HostImage:
    return HostImage.from_rgb(np.full((8, 8, 3), value % 256, np.uint8))


@dataclass(frozen=True)
class Info:
    """What the runtime wants to know of a source."""

    live: bool = False
    ends: bool = True
    frame_count: int | None = None


class Counting:
    """A source whose frame ``i`` is a picture of brightness ``first + i``."""

    corrupt_frames = 0

    def __init__(
        self,
        count: int,
        *,
        name: str = "test",
        first: int = 0,
        fails_at: int | None = None,
        hangs_at: int | None = None,
        interval_s: float = 0.0,
        live: bool = False,
        ends: bool = True,
    ) -> None:
        self.info = Info(live=live, ends=ends, frame_count=None if live else count)
        self.count, self.name, self.first = count, name, first
        self.fails_at, self.hangs_at, self.interval_s = fails_at, hangs_at, interval_s
        self.read = 0
        self.closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        for i in range(self.count):
            if i == self.fails_at:
                raise SourceError(f"stream 'test': broken at {i}")
            if i == self.hangs_at:
                self.closed.wait()
            if self.closed.is_set():
                return
            self.read += 1
            yield Frame(self.name, i, i, Fraction(1, 25), picture(self.first + i), time.time())
            if self.interval_s:
                self.closed.wait(self.interval_s)

    def close(self) -> None:
        self.closed.set()


class Brightness:
    """Finds one person whose score is the picture's brightness; slow for even pictures."""

    def __init__(self, *, fails_at: int | None = None, seconds: float = 0.005) -> None:
        self.fails_at, self.seconds = fails_at, seconds
        self.batches: list[int] = []

    @property
    def calls(self) -> int:
        return sum(self.batches)

    def estimate(self, images: Sequence[HostImage]) -> list[Poses]:
        values = [int(image.rgb()[0, 0, 0]) for image in images]
        self.batches.append(len(values))
        if self.fails_at in values:
            raise InferenceError("network 'fake': failed")
        time.sleep(self.seconds if values[0] % 2 == 0 else 0)
        shapes = ((1, 17, 2), (1, 17), (1,), (1, 4))
        return [Poses(*(np.full(shape, v, np.float32) for shape in shapes)) for v in values]


@dataclass
class Notebook:
    """A consumer that remembers everything."""

    fails_at: int | None = None
    seconds: float = 0.0
    quick: bool = False
    pairs: list[tuple[Frame, Result]] = field(default_factory=list)
    closed: bool = False

    def write(self, frame: Frame, result: Result) -> None:
        if frame.index == self.fails_at:
            raise OSError("no space left")
        time.sleep(self.seconds)
        self.pairs.append((frame, result))

    def finish(self, activities: object) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    @property
    def indices(self) -> list[int]:
        return [frame.index for frame, _ in self.pairs]

    @property
    def scores(self) -> list[float]:
        return [float(result.poses.scores[0]) for _, result in self.pairs]


def plan(
    name: str, source: Callable[[], Counting], notebook: Notebook, **options: object
) -> StreamPlan:
    return StreamPlan(name, source, lambda _: notebook, **options)  # type: ignore[arg-type]


def stream_set(estimator: Brightness | None = None, **options: object) -> StreamSet:
    settings: dict[str, object] = {"workers": 3, "topology": COCO_17, **options}
    return StreamSet(estimator or Brightness(), **settings)  # type: ignore[arg-type]


def eventually(condition: Callable[[], bool], *, timeout_s: float = 10.0) -> bool:
    """Wait until something is so; return whether it came true in time."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        time.sleep(0.01)
    return True

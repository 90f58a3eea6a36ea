"""Sources, estimators and consumers with which the benchmarks of many streams drive the runtime."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from posestream.demo.clip import demo_frames
from posestream.images import HostImage, Image
from posestream.runtime.stream import StreamPlan
from posestream.runtime.streams import StreamSet
from posestream.sources import SourceInfo
from posestream.sources.file import VideoFileSource
from posestream.sources.pacing import Pacer
from posestream.topology import COCO_17
from posestream.types import Frame, Poses, Result

SIZE = (640, 360)
CLIP_S = 0.7


def make_clip(path: Path, *, times: int = 1, rate: int = 30, size: tuple[int, int] = SIZE) -> Path:
    """Write the demo's people, 21 frames of them, so many times in a row."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.gop_size = rate
        for index, frame in enumerate(
            itertools.chain.from_iterable(
                demo_frames(seconds=CLIP_S, size=size) for _ in range(times)
            )
        ):
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def pictures_of(clip: Path) -> list[Image]:
    """Return every second picture of a clip, decoded."""
    with contextlib.closing(VideoFileSource(clip)) as source:
        return [frame.image for frame in source.frames()][::2]


class Pictures:
    """The same pictures over and over, as fast as they are taken or at a rate, as a camera does.

    Args:
        name: Name of the stream.
        images: What is shown.
        rate: Frames per second; None for as fast as can be, by the rules of files.
        frames: End after so many.
    """

    def __init__(
        self,
        name: str,
        images: Sequence[Image],
        *,
        rate: float | None = None,
        frames: int | None = None,
    ) -> None:
        self.name = name
        self.corrupt_frames = 0
        self.info = SourceInfo(
            size=images[0].size, frame_rate=Fraction(30), frame_count=frames, live=rate is not None
        )
        self._images = images
        self._rate = rate
        self._frames = frames
        self._closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the end, or closed."""
        pacer, time_base = Pacer(self._closed), Fraction(1, 90_000)
        for index, image in enumerate(itertools.cycle(self._images)):
            if index == self._frames or self._closed.is_set():
                return
            pts = round(index * 90_000 / (self._rate or 30))
            if self._rate is not None and not pacer.wait(pts / 90_000):
                return
            yield Frame(self.name, index, pts, time_base, image, time.time())

    def close(self) -> None:
        """End the frames."""
        self._closed.set()


class Instant:
    """Finds nobody, at once."""

    topology = COCO_17
    description = "nobody, at once"

    def __init__(self) -> None:
        self._nobody = Poses.empty(len(COCO_17.keypoints))

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return nobody for each picture."""
        return [self._nobody] * len(images)


class Noting:
    """Takes results and notes when each came, and how long after its frame was given."""

    quick = True

    def __init__(self) -> None:
        self.noted: list[tuple[float, float]] = []

    def write(self, frame: Frame, result: Result) -> None:
        """Note a frame."""
        self.noted.append((time.monotonic(), time.time() - frame.wall_s))

    def finish(self, activities: object) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def between(self, begun_s: float, ended_s: float) -> list[tuple[float, float]]:
        """Return what was noted between two moments of the monotonic clock."""
        return [one for one in tuple(self.noted) if begun_s <= one[0] < ended_s]

    def rate(self, begun_s: float, ended_s: float) -> float:
        """Return frames per second between two moments: the slope of their count over time."""
        times = [at for at, _ in self.between(begun_s, ended_s)]
        return float(np.polyfit(times, range(len(times)), 1)[0]) if len(times) > 2 else 0.0


def add_pictures(
    streams: StreamSet,
    count: int,
    images: Sequence[Image],
    *,
    rate: float | None = None,
    frames: int | None = None,
    interval: int = 1,
) -> list[Noting]:
    """Add so many streams of pictures and return who takes their results."""
    notings = [Noting() for _ in range(count)]
    for place, noting in enumerate(notings):
        name = f"pictures-{place}"
        streams.add(
            StreamPlan(
                name,
                lambda name=name: Pictures(name, images, rate=rate, frames=frames),
                lambda _, noting=noting: noting,
                interval=interval,
            )
        )
        if rate:
            time.sleep(1 / (rate * count))  # cameras do not give frames in step
    return notings


def remove_pictures(streams: StreamSet, count: int) -> None:
    """Remove what `add_pictures` added."""
    for place in range(count):
        streams.stop(f"pictures-{place}", timeout_s=0)
    for place in range(count):
        streams.remove(f"pictures-{place}")


def small_picture() -> list[Image]:
    """Return one picture that costs nothing."""
    return [HostImage(av.VideoFrame(64, 48, "yuv420p"))]

"""Frames to publish, at a camera's pace or as fast as they can be made."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

import clips
from posestream.images import HostImage
from posestream.sinks.publishing import PublishingSink
from posestream.types import Frame

RATE = 25


def frame(number: int, *, size: tuple[int, int] = (320, 240), pts: int | None = None) -> Frame:
    image = HostImage.from_rgb(clips.picture(number, size)).yuv420p_copy()
    return Frame(
        "yard", number, number if pts is None else pts, Fraction(1, RATE), image, time.time()
    )


def film(sink: PublishingSink, until: Callable[[], bool], *, within_s: float = 30.0) -> int:
    """Write frames at a camera's pace until something is so; return how many."""
    begun_s, number = time.monotonic(), 0
    while not until():
        assert time.monotonic() - begun_s < within_s, sink.status
        sink.write(frame(number))
        number += 1
        time.sleep(1 / RATE / 2)
    return number


def write_all(sink: PublishingSink, count: int, **options: object) -> None:
    """Write frames no faster than they are sent, so that none is dropped."""
    for number in range(count):
        before = sink.status.frames
        sink.write(frame(number, **options))
        deadline_s = time.monotonic() + 20
        while sink.status.frames == before:
            assert time.monotonic() < deadline_s, sink.status
            time.sleep(0.001)

"""Streams of numbered frames with events in them, and what their clips show."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av

import clips
from happenings import result
from posestream.events import Event
from posestream.images import HostImage
from posestream.sinks.clips.encoder import ClipEncoder
from posestream.sinks.clips.event_clips import EventClips
from posestream.types import Frame

RATE = 10
SIZE = (160, 120)


def frame(number: int, *, size: tuple[int, int] = SIZE, pts: int | None = None) -> Frame:
    """A frame that holds its number, ten a second."""
    image = HostImage.from_rgb(clips.picture(number % 256, size))
    return Frame("hall", number, number if pts is None else pts, Fraction(1, RATE), image, 0.0)


def play(sinks: EventClips, events: Iterable[Event], *, seconds: float, **options: object) -> None:
    """Play a stream, with each event at its frame, through an encoder of its own."""
    encoder = ClipEncoder(sinks, frame_rate=Fraction(RATE), **options)
    feed(sinks, encoder, events, seconds=seconds)
    encoder.close()


def feed(
    sinks: EventClips,
    encoder: ClipEncoder,
    events: Iterable[Event],
    *,
    seconds: float,
    begin: int = 0,
    live: bool = False,
) -> None:
    """Play a part of a stream."""
    events = list(events)
    for number in range(begin, begin + round(seconds * RATE)):
        now = [event for event in events if round(event.pts_s * RATE) == number]
        found = result(*now, at_s=number / RATE, frame=number, size=SIZE, live=live)
        sinks.write(found)
        encoder.write(frame(number), found)


def numbers_in(path: Path) -> list[int]:
    """Return the numbers of the frames that a player shows."""
    with av.open(str(path)) as container:
        return [
            clips.number_in(shown.to_ndarray(format="rgb24")) for shown in container.decode(video=0)
        ]


def seconds_of(path: Path) -> tuple[float, float]:
    """Return the first and last frame's time in the stream, seconds."""
    numbers = numbers_in(path)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return numbers[0] / RATE, numbers[-1] / RATE


def about(path: Path) -> dict:
    """Return the JSON beside a clip."""
    return json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))

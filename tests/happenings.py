"""Events, and results that hold them."""

from __future__ import annotations

import numpy as np

from posestream.events import FALL, Event
from posestream.topology import COCO_17
from posestream.types import Poses, Result, Tracks


def event(
    kind: str = FALL, *, at_s: float = 2.5, stream: str = "hall", track: int = 3, **others: object
) -> Event:
    """Something that happened at a time of the stream."""
    return Event(stream=stream, kind=kind, pts_s=at_s, wall_s=1e9 + at_s, track=track, **others)


def result(
    *events: Event,
    at_s: float = 2.5,
    stream: str = "hall",
    frame: int = 0,
    size: tuple[int, int] = (320, 240),
    boxes: dict[int, tuple[float, float, float, float]] | None = None,
    live: bool = False,
) -> Result:
    """A frame in which these events were settled, with people by their ids and boxes."""
    boxes = boxes or {}
    poses = Poses.empty(17)
    if boxes:
        count = len(boxes)
        poses = Poses(
            np.full((count, 17, 2), np.nan, np.float32),
            np.zeros((count, 17), np.float32),
            np.full(count, 0.9, np.float32),
            np.array(list(boxes.values()), np.float32),
        )
    tracks = Tracks(poses, np.array(list(boxes), np.int64))
    return Result(
        stream, frame, at_s, 1e9 + at_s, size, tracks, COCO_17, live=live, events=tuple(events)
    )

"""People who walk where a test says, as the tracks of frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from posestream.analytics.zones import ZoneWatcher
from posestream.events import Event
from posestream.topology import COCO_17
from posestream.types import Poses, Tracks

SIZE = (1000, 600)
TALL = 200.0
"""Height of everybody, pixels."""

_X = [0, 3, -3, 6, -6, 22, -22, 28, -28, 30, -30, 14, -14, 14, -14, 14, -14]
_Y = [-1.0, -1.0, -1.0, -1, -1, -0.82, -0.82, -0.66, -0.66, -0.5, -0.5]
_Y += [-0.48, -0.48, -0.24, -0.24, 0, 0]


def standing(at: tuple[float, float], *, tall: float = TALL) -> np.ndarray:
    """``(17, 2)`` somebody with both ankles around ``at``, which are the box's bottom, too."""
    return np.stack([np.array(_X) * tall / 200, np.array(_Y) * tall], axis=1) + np.array(at)


def tracks(people: dict[int, tuple[float, float]], *, tall: float = TALL) -> Tracks:
    """Everybody by their identity and where they stand."""
    points = np.array([standing(at, tall=tall) for at in people.values()], np.float32)
    points = points.reshape(-1, 17, 2)
    count = len(points)
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    poses = Poses(points, np.ones((count, 17), np.float32), np.ones(count, np.float32), boxes)
    return Tracks(poses, np.array(list(people), np.int64))


def along(*stops: tuple[float, float, float]) -> Callable[[float], tuple[float, float]]:
    """A walk by (second, x, y)."""
    times, xs, ys = np.array(stops).T
    return lambda t: (float(np.interp(t, times, xs)), float(np.interp(t, times, ys)))


def watch(
    watcher: ZoneWatcher,
    people: Callable[[float], dict[int, tuple[float, float]]],
    *,
    seconds: float,
    fps: float = 25.0,
    start_s: float = 0.0,
) -> list[Event]:
    """Show a watcher people, by the time, and return all events."""
    frames = start_s + np.arange(round(seconds * fps)) / fps
    return [
        event
        for t in frames.tolist()
        for event in watcher.update(tracks(people(t)), pts_s=t, size=SIZE)
    ]


def story(events: Iterable[Event]) -> list[str]:
    """Events as short sentences, in their order."""
    return [
        f"{e.track} {e.kind} {e.zone}" + (f" {e.direction}" if e.direction else "") for e in events
    ]


def watcher_of(*places: object, **options) -> ZoneWatcher:
    """A watcher of zones and lines."""
    from posestream.zones import Line, Zone

    return ZoneWatcher(
        COCO_17,
        zones=[p for p in places if isinstance(p, Zone)],
        lines=[p for p in places if isinstance(p, Line)],
        stream="hall",
        **options,
    )

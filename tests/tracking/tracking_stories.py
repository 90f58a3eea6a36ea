"""Hand-made people: where they stand in each frame, and what a tracker calls them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from crowds.walking import bodies

from posestream.topology import COCO_17
from posestream.tracking import PoseTracker, Tracked
from posestream.types import Poses

FPS = 30.0
SIZE = (1280, 720)
Place = tuple[float, float]


def standing(*feet: Place, height: float = 300.0, score: float = 0.8, phase: float = 0.0) -> Poses:
    """People who face the camera, the first the surest."""
    count = len(feet)
    if not count:
        return Poses.empty(17)
    spread = np.full(count, 1.0)
    places = np.array(feet, float).reshape(-1, 2)
    keypoints = bodies(places, height * spread, 1.2 * spread, phase * spread, 0.3 * spread)
    scores = score * 0.999 ** np.arange(count)
    boxes = np.concatenate([keypoints.min(axis=1), keypoints.max(axis=1)], axis=1)
    arrays = keypoints, np.repeat(scores[:, None], 17, axis=1), scores, boxes
    return Poses(*(np.ascontiguousarray(a, np.float32) for a in arrays))


def without(poses: Poses, *names: str) -> Poses:
    """The same people without some of their keypoints."""
    columns = [COCO_17.keypoints.index(name) for name in names]
    points, scores = poses.keypoints.copy(), poses.keypoint_scores.copy()
    points[:, columns], scores[:, columns] = np.nan, 0
    return Poses(points, scores, poses.scores, poses.boxes)


def times(seconds: float, *, begin_s: float = 0.0, fps: float = FPS) -> Iterator[float]:
    """The times of frames."""
    yield from (begin_s + n / fps for n in range(round(seconds * fps)))


def followed(
    tracker: PoseTracker,
    places: Callable[[float], Iterable[Place]],
    seconds: float,
    *,
    begin_s: float = 0.0,
    fps: float = FPS,
) -> list[Tracked]:
    """Follow people who are where a function of time says."""
    return [
        tracker.update(standing(*places(t)), t, size=SIZE)
        for t in times(seconds, begin_s=begin_s, fps=fps)
    ]


def id_at(tracked: Tracked, x: float) -> int:
    """The identity of whoever is found nearest to a column of the picture."""
    poses = tracked.tracks.poses
    middles = poses.boxes[:, [0, 2]].mean(axis=1)
    found = np.where(tracked.rows >= 0, np.abs(middles - x), np.inf)
    return int(tracked.tracks.ids[found.argmin()])

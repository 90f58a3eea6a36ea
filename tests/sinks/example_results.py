"""Results to write."""

from __future__ import annotations

import numpy as np

from posestream.topology import COCO_17, Topology
from posestream.types import Poses, Result, Tracks

HAND = Topology(name="hand", keypoints=("palm", "thumb_tip"), limbs=((0, 1),))


def frame_of(
    people: int = 2,
    *,
    frame: int = 3,
    stream: str = "walk.mp4",
    file: str | None = None,
    topology: Topology = COCO_17,
    ids: list[int] | None = None,
    missing: tuple[str, ...] = (),
) -> Result:
    """A frame in which keypoint ``k`` of person ``p`` lies at ``(100 p + k, 10 k)``, score .5."""
    count = len(topology.keypoints)
    points = np.zeros((people, count, 2), np.float32)
    points[..., 0] = 100 * np.arange(people)[:, None] + np.arange(count)
    points[..., 1] = 10 * np.arange(count)
    scores = np.full((people, count), 0.5, np.float32)
    for name in missing:
        points[:, topology.keypoints.index(name)] = np.nan
        scores[:, topology.keypoints.index(name)] = 0
    boxes = np.zeros((people, 4), np.float32)
    boxes[:] = (1.5, 2, 30, 40.25)
    poses = Poses(points, scores, np.full(people, 0.75, np.float32), boxes)
    tracks = Tracks.untracked(poses) if ids is None else Tracks(poses, np.array(ids, np.int64))
    return Result(stream, frame, frame / 30, 1e9, (640, 480), tracks, topology, file=file)

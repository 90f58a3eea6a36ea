"""What a sighting changes in a track: its place, its pace, its keypoints."""

from __future__ import annotations

import math

import numpy as np

from posestream.compilation import compiled
from posestream.tracking.memory import (
    BORN_S,
    EVIDENCE,
    IDENTITY,
    SCALE,
    SCORE,
    SEEN_S,
    SIGHTINGS,
)
from posestream.tracking.motion import begin, correct
from posestream.tracking.similarity import body_size, moved

_NOISE = 0.02
"""Standard deviation of a body's measured place, body sizes."""
_NOISE_OF_BOXES = 0.1
"""The same where only boxes tell it."""
_SIZE_CHANGES_S = 0.5
"""Time constant with which a track takes on a new body size."""
_KEPT_S = 1.0
"""Time after which a keypoint that is no longer found is forgotten."""
_LITTLE = 1.0
"""Weight of keypoints at which the variance of the place is twice as large."""


@compiled(cached=False)
def start(memory, n, poses, p, now_s):
    """Make row ``n`` a track of pose ``p``, without an identity."""
    row = memory.motion[n]
    begin(row, _NOISE)
    memory.points[n], memory.point_scores[n], memory.point_ages[n] = poses[0][p], poses[1][p], 0.0
    memory.boxes[n] = poses[3][p]
    row[SCALE], row[BORN_S], row[EVIDENCE] = body_size(poses[3][p]), now_s, 0.0
    memory.marks[n, IDENTITY], memory.marks[n, SIGHTINGS] = -1, 0
    _note(memory, n, poses, p, now_s)


@compiled(cached=False)
def continue_with(memory, n, poses, p, now_s, neighbours, camera):
    """Take pose ``p`` as what track ``n`` looks like now.

    Keypoints that the pose lacks go where their neighbours on the skeleton went, or the body.
    """
    row = memory.motion[n]
    gap_s = max(now_s - row[SEEN_S], 0.0)
    moved_x, moved_y, weight = moved(memory, n, poses, p)
    noise = min(_NOISE * math.sqrt(1.0 + _LITTLE / (weight + 1e-6)), _NOISE_OF_BOXES)
    correct(row, moved_x - camera[0], moved_y - camera[1], gap_s, noise)
    keypoints = memory.points.shape[1]
    for k in range(keypoints):
        if poses[1][p, k] > 0.0 or memory.point_scores[n, k] <= 0.0:
            continue
        x, y, met = 0.0, 0.0, 0
        for other in neighbours[k]:
            if other >= 0 and poses[1][p, other] > 0.0 and memory.point_scores[n, other] > 0.0:
                x += poses[0][p, other, 0] - memory.points[n, other, 0]
                y += poses[0][p, other, 1] - memory.points[n, other, 1]
                met += 1
        memory.point_ages[n, k] += gap_s
        if memory.point_ages[n, k] > _KEPT_S:
            memory.points[n, k], memory.point_scores[n, k] = np.nan, 0.0
        else:
            memory.points[n, k, 0] += x / met if met else moved_x
            memory.points[n, k, 1] += y / met if met else moved_y
    for k in range(keypoints):
        if poses[1][p, k] > 0.0:
            memory.points[n, k], memory.point_scores[n, k] = poses[0][p, k], poses[1][p, k]
            memory.point_ages[n, k] = 0.0
    memory.boxes[n] = poses[3][p]
    change = 1.0 - math.exp(-gap_s / _SIZE_CHANGES_S)
    row[SCALE] += change * (body_size(poses[3][p]) - row[SCALE])
    _note(memory, n, poses, p, now_s)


@compiled(cached=False)
def _note(memory, n, poses, p, now_s):
    row = memory.motion[n]
    row[SEEN_S], row[SCORE] = now_s, poses[2][p]
    row[EVIDENCE] += poses[2][p]
    memory.marks[n, SIGHTINGS] += 1

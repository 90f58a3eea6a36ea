"""Steady keypoints: the One-Euro filter, for everybody and every keypoint at once."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled
from posestream.tracking.similarity import body_size
from posestream.types import Poses, Tracks

_CORNERS = 2
"""Points beside the keypoints: two corners of the box."""
_ROOM = 16
_SPEED_CUTOFF_HZ = 1.0
"""Cut-off of the speed that opens the filter, as its authors advise."""


class PoseSmoother:
    """Takes the jitter out of one stream's tracks: much where people stand, little where they move.

    Speeds count in body sizes, so that a person far away is treated as one near by, and times in
    seconds, so that any frame rate is fine. People without an identity come out as they are.

    Args:
        cutoff_hz: Frequency from which the motion of somebody who stands still is damped; lower is
            steadier.
        opening: Hertz by which it rises for a speed of one body size a second; higher lags less.
        forget_s: Time after which a keypoint that comes back starts anew.

    Raises:
        ValueError: If a number is out of range.

    Source:
        Casiez et al. 2012, 1 Euro Filter.
    """

    def __init__(
        self, *, cutoff_hz: float = 1.0, opening: float = 8.0, forget_s: float = 0.5
    ) -> None:
        if not 0 < cutoff_hz < math.inf:
            raise ValueError(f"cutoff_hz: {cutoff_hz} is not a number over 0")
        for name, value in (("opening", opening), ("forget_s", forget_s)):
            if not 0 <= value < math.inf:
                raise ValueError(f"{name}: {value} is not a number from 0 on")
        self._knobs = (float(cutoff_hz), float(opening), float(forget_s))
        self._ids = np.full(_ROOM, -1, np.int64)
        self._values = np.zeros((0, 0, 5))
        self._now_s = -math.inf

    def update(self, tracks: Tracks, time_s: float) -> Tracks:
        """Return a frame's people with steady keypoints and boxes.

        Args:
            tracks: Everyone in it.
            time_s: Its presentation time, seconds. If it goes back, everything starts anew.
        """
        people, keypoints = tracks.poses.keypoint_scores.shape
        if not math.isfinite(time_s):
            return tracks
        if time_s < self._now_s or self._values.shape[1] != keypoints + _CORNERS:
            self._ids[:] = -1
            self._values = np.zeros((len(self._ids), keypoints + _CORNERS, 5))
        self._now_s = time_s
        self._make_room(people)
        points = np.array(tracks.poses.keypoints, np.float32)
        boxes = np.array(tracks.poses.boxes, np.float32)
        if people:
            smooth(self._ids, self._values, tracks.ids, points, boxes, float(time_s), self._knobs)
        poses = Poses(points, tracks.poses.keypoint_scores, tracks.poses.scores, boxes)
        return Tracks(poses, tracks.ids, tracks.filled)

    def _make_room(self, people: int) -> None:
        """Keep room for everybody in the frame beside those remembered."""
        stale = self._now_s - self._values[:, :, 4].max(axis=1, initial=-math.inf)
        self._ids[stale > self._knobs[2]] = -1
        lacking = people - int((self._ids < 0).sum())
        if lacking > 0:
            more = max(lacking, len(self._ids))
            self._ids = np.concatenate([self._ids, np.full(more, -1, np.int64)])
            room = np.zeros((more, *self._values.shape[1:]))
            self._values = np.concatenate([self._values, room])


@compiled
def smooth(
    known: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    ids: npt.NDArray[np.int64],
    points: npt.NDArray[np.float32],
    boxes: npt.NDArray[np.float32],
    now_s: float,
    knobs: tuple[float, float, float],
) -> None:
    """Filter keypoints and boxes in place.

    Args:
        known: ``(N,)`` identity of each row of ``values``, -1 for a free one; changed.
        values: ``(N, K + 2, 5)`` filtered x and y, their speeds in pixels per second, and when
            they were last found, of keypoints and two corners of the box; changed.
        ids: ``(P,)`` identities.
        points: ``(P, K, 2)`` keypoints; changed.
        boxes: ``(P, 4)``; changed.
        now_s: Time of the frame.
        knobs: Cut-off, opening and time to forget; see `PoseSmoother`.
    """
    for p in range(len(ids)):
        if ids[p] < 0:
            continue
        row = _row_of(known, values, ids[p])
        size = body_size(boxes[p])
        for k in range(points.shape[1]):
            state = values[row, k]
            points[p, k, 0], points[p, k, 1] = _filtered(
                state, points[p, k, 0], points[p, k, 1], size, now_s, knobs
            )
        for corner in range(2):
            state, at = values[row, points.shape[1] + corner], 2 * corner
            boxes[p, at], boxes[p, at + 1] = _filtered(
                state, boxes[p, at], boxes[p, at + 1], size, now_s, knobs
            )


@compiled(cached=False)
def _row_of(known, values, identity):
    """Return somebody's row; a free one if there is none yet."""
    free = -1
    for n in range(len(known)):
        if known[n] == identity:
            return n
        if known[n] < 0 and free < 0:
            free = n
    known[free] = identity
    values[free, :, 4] = -np.inf
    return free


@compiled(cached=False, allocates=False)
def _filtered(state, x, y, size, now_s, knobs):
    """Filter a point; one that is not a number stays so."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return x, y
    step_s = now_s - state[4]
    if step_s == 0.0:
        return np.float32(state[0]), np.float32(state[1])
    if not step_s <= knobs[2]:
        state[0], state[1], state[2], state[3], state[4] = x, y, 0.0, 0.0, now_s
        return x, y
    share = _share(_SPEED_CUTOFF_HZ, step_s)
    state[2] += share * ((x - state[0]) / step_s - state[2])
    state[3] += share * ((y - state[1]) / step_s - state[3])
    speed = math.hypot(state[2], state[3]) / max(size, 1.0)
    share = _share(knobs[0] + knobs[1] * speed, step_s)
    state[0] += share * (x - state[0])
    state[1] += share * (y - state[1])
    state[4] = now_s
    return np.float32(state[0]), np.float32(state[1])


@compiled(cached=False, allocates=False)
def _share(cutoff_hz, step_s):
    """Return how much of a new value a low-pass filter takes."""
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cutoff_hz * step_s))

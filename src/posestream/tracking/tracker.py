"""Give everybody in a stream an identity that lasts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.topology import Topology
from posestream.tracking.memory import BORN_S, SEEN_S, Memory
from posestream.tracking.step import step
from posestream.tracking.writing import project
from posestream.types import Poses, Tracks

_USUAL_SIGMA = 0.08
"""Spread of keypoints where a topology does not say it: that of COCO's in the mean."""
_ROOM = 16
_ANYWHERE = (math.inf, math.inf)


@dataclass(frozen=True, slots=True, eq=False)
class Tracked:
    """A frame's people with identities, and where each was among the poses given.

    Raises:
        ValueError: If there is not one row per person.
    """

    tracks: Tracks
    """Everyone found, and those out of sight for a short time; the surest first."""
    rows: npt.NDArray[np.int64]
    """``(P,)`` row of each person among the poses given; -1 for somebody out of sight."""

    def __post_init__(self) -> None:
        """Check that arrays agree."""
        if self.rows.shape != self.tracks.ids.shape:
            raise ValueError(f"rows {self.rows.shape} for {len(self.tracks)} people")


class PoseTracker:
    """Follows the people of one stream by where they are, how they move and how they stand.

    Nobody found is ever left out: a pose that is no track's, or not yet, has the identity -1.
    All limits are times, so that dropped frames and any frame rate are fine. A time that goes
    back starts the clock anew, and people who still stand there keep their identities.

    Args:
        topology: What the keypoints mean.
        sure_score: Poses from this score on choose their tracks before all others.
        new_score: Poses with less never begin a track.
        confirm_s: How long somebody must be seen to get an identity; longer if the scores are
            low. In the first frame with people all get one at once.
        fill_s: How long a keypoint that is no longer found is filled in.
        bridge_s: How long somebody out of sight is shown where they are thought to be.
        remember_s: How long somebody out of sight is recognised, by place alone.
        half_life_s: Time in which the scores of what is filled in fall to half.

    Raises:
        ValueError: If a time or a score is not a number from 0 on, or the half-life is 0.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        sure_score: float = 0.3,
        new_score: float = 0.2,
        confirm_s: float = 0.1,
        fill_s: float = 0.5,
        bridge_s: float = 0.2,
        remember_s: float = 5.0,
        half_life_s: float = 0.4,
    ) -> None:
        limits = {
            "sure_score": sure_score,
            "new_score": new_score,
            "confirm_s": confirm_s,
            "fill_s": fill_s,
            "bridge_s": bridge_s,
            "remember_s": remember_s,
            "half_life_s": half_life_s,
        }
        for name, value in limits.items():
            if not 0 <= value < math.inf:
                raise ValueError(f"{name}: {value} is not a number from 0 on")
        if half_life_s == 0:
            raise ValueError("half_life_s: 0 is not a number over 0")
        self._limits = tuple(float(value) for value in limits.values())
        count = len(topology.keypoints)
        self._sigmas = np.array(topology.sigmas or [_USUAL_SIGMA] * count)
        self._neighbours = _neighbours(topology)
        self._memory = Memory.empty(_ROOM, count)
        self._state = np.zeros(2, np.int64)
        self._now_s = -math.inf
        self._step_s = 0.0
        self._anybody = False

    def update(
        self, poses: Poses, time_s: float, *, size: tuple[int, int] | None = None
    ) -> Tracked:
        """Return a frame's people with their identities.

        Args:
            poses: Everyone found in it.
            time_s: Its presentation time; one that is not finite counts as a frame later.
            size: Width and height of the frame; people who walk out of it are not bridged.

        Raises:
            ValueError: If the poses have another number of keypoints than the topology.
        """
        people, keypoints = poses.keypoint_scores.shape
        if keypoints != len(self._sigmas):
            raise ValueError(f"poses of {keypoints} keypoints, topology of {len(self._sigmas)}")
        now_s = self._advance(time_s)
        room = int(self._state[0]) + people
        if room > len(self._memory.points):
            self._memory = self._memory.with_room(2 * room)
        out = _room(room, keypoints)
        shown = step(
            self._memory,
            self._state,
            _arrays(poses),
            now_s,
            not self._anybody,
            self._limits,
            self._sigmas,
            self._neighbours,
            _ANYWHERE if size is None else (float(size[0]), float(size[1])),
            out,
        )
        self._anybody = self._anybody or people > 0
        return _tracked(out, shown)

    def predict(self, time_s: float, *, size: tuple[int, int] | None = None) -> Tracks:
        """Return where everybody in the last frame is thought to be at a later time.

        For frames in which nobody was looked for: scores stay. The tracker itself does not change.

        Args:
            time_s: When.
            size: Width and height of the frame; people who walk out of it are left out.
        """
        now_s = max(time_s, self._now_s) if math.isfinite(time_s) else self._now_s
        count = int(self._state[0])
        out = _room(count, len(self._sigmas))
        bounds = _ANYWHERE if size is None else (float(size[0]), float(size[1]))
        shown = project(self._memory, count, now_s, self._now_s, self._limits, bounds, out)
        return _tracked(out, shown).tracks

    def _advance(self, time_s: float) -> float:
        """Return the time to go by, and set the clock anew where time went back."""
        if not math.isfinite(time_s):
            time_s = self._now_s + self._step_s if math.isfinite(self._now_s) else 0.0
        if time_s < self._now_s:
            back_s = time_s - self._now_s - self._step_s
            self._memory.motion[: self._state[0], SEEN_S : BORN_S + 1] += back_s
        elif math.isfinite(self._now_s):
            self._step_s = min(time_s - self._now_s, 1.0)
        self._now_s = float(time_s)
        return self._now_s


def _room(people: int, keypoints: int) -> tuple[npt.NDArray[Any], ...]:
    """Return arrays for as many people: see ``out`` of `step`."""
    return (
        np.empty((people, keypoints, 2), np.float32),
        np.empty((people, keypoints), np.float32),
        np.empty(people, np.float32),
        np.empty((people, 4), np.float32),
        np.empty(people, np.int64),
        np.empty(people, np.int64),
        np.empty((people, keypoints), np.bool_),
    )


def _arrays(poses: Poses) -> tuple[npt.NDArray[np.float32], ...]:
    """Return the arrays of poses as compiled code takes them."""
    arrays = (poses.keypoints, poses.keypoint_scores, poses.scores, poses.boxes)
    return tuple(np.ascontiguousarray(array, np.float32) for array in arrays)


def _tracked(out: tuple[npt.NDArray[Any], ...], shown: int) -> Tracked:
    points, point_scores, scores, boxes, ids, rows, filled = (array[:shown] for array in out)
    return Tracked(Tracks(Poses(points, point_scores, scores, boxes), ids, filled), rows)


def _neighbours(topology: Topology) -> npt.NDArray[np.int64]:
    """Return ``(K, n)`` keypoints next to each on the skeleton; -1 where there are fewer."""
    next_to: list[set[int]] = [set() for _ in topology.keypoints]
    for a, b in topology.limbs:
        next_to[a].add(b)
        next_to[b].add(a)
    table = np.full((len(next_to), max(map(len, next_to), default=0)), -1, np.int64)
    for k, others in enumerate(next_to):
        table[k, : len(others)] = sorted(others)
    return table

"""How fast people walk on the ground, and how far they have come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.analytics.anchors import Anchors, extents
from posestream.analytics.clock import StreamClock
from posestream.analytics.ground import GroundPlane
from posestream.analytics.visitors import Visitors
from posestream.shapes import Size
from posestream.topology import Topology
from posestream.types import Tracks
from posestream.zones import FEET, Movements

Floats = npt.NDArray[np.float64]

_FASTEST_M_PER_S = 15.0
"""Nobody runs faster; a farther jump is a mistake."""
_JUMP_M = 1.0
_STEP_M = 0.3
"""Ways shorter than this are jitter of the feet, not walking."""
_SPAN_SHARE = 0.75
"""Speed is known after this share of the smoothing time."""


class SpeedMeter:
    """Measures the tracked people of one stream.

    The speed is the slope of a straight line through the latest places, recent ones counting more;
    so it is right at steady speed whatever the times between frames. It lags by about
    ``smoothing_s`` where the speed changes.

    Args:
        topology: What the keypoints mean.
        ground: The ground.
        smoothing_s: Time over which places count less and less, seconds.
        min_keypoint_score: Least score of a keypoint that counts.
        grace_s: How long somebody out of sight is remembered, seconds.

    Raises:
        ValueError: If the smoothing time is not positive.
    """

    def __init__(
        self,
        topology: Topology,
        ground: GroundPlane,
        *,
        smoothing_s: float = 0.5,
        min_keypoint_score: float = 0.2,
        grace_s: float = 2.0,
    ) -> None:
        if not 0 < smoothing_s < np.inf:
            raise ValueError(f"smoothing_s must be positive, not {smoothing_s}")
        self._ground, self._smoothing_s = ground, smoothing_s
        self._anchors = Anchors(topology, [FEET], min_keypoint_score=min_keypoint_score)
        self._visitors = Visitors(grace_s=grace_s)
        self._clock = StreamClock()
        self._first_size: Size | None = None
        self._trails = _Trails(smoothing_s)

    def update(self, tracks: Tracks, *, pts_s: float, size: Size) -> Movements:
        """Take in one frame.

        Args:
            tracks: The people.
            pts_s: Time of the frame, seconds.
            size: Width and height of the frame, pixels.
        """
        now_s = self._clock.tick(pts_s)
        self._first_size = first_size = self._first_size or size
        known = np.flatnonzero(tracks.ids >= 0)
        ids, first = np.unique(tracks.ids[known], return_index=True)
        people = known[first]
        poses = tracks.poses[people]
        feet, _ = self._anchors.find(poses, size)
        # Pixels of the ground's points are those of the first frame.
        scaled = feet * (np.asarray(first_size) / np.asarray(size, np.float64))
        places = self._ground.metres_from_picture(scaled, first_size)
        seating = self._visitors.seat(
            ids.tolist(), feet, extents(poses, size), size=size, now_s=now_s
        )
        self._trails.begin(seating.rows[seating.fresh], capacity=self._visitors.capacity)
        count = len(tracks.ids)
        found = Movements(
            np.full((count, 2), np.nan), np.full(count, np.nan), np.full(count, np.nan)
        )
        found.places[people] = places
        found.speeds[people], found.distances[people] = self._trails.follow(
            seating.rows, places, now_s
        )
        return found


class _Trails:
    """Decaying sums over the places of each row, from which a line's slope follows."""

    def __init__(self, smoothing_s: float) -> None:
        self._smoothing_s = smoothing_s
        self._sums = np.zeros((0, 7))
        """Sums of 1, t, t^2, x, y, t x, t y; t is 0 at the last place."""
        self._first_s = np.zeros(0)
        self._last_s = np.zeros(0)
        self._last = np.zeros((0, 2))
        self._marks = np.zeros((0, 2))
        self._walked = np.zeros(0)

    def begin(self, rows: npt.NDArray[np.intp], *, capacity: int) -> None:
        """Make room for so many rows, and forget whoever had these before."""
        more = capacity - len(self._sums)
        if more > 0:
            for name in ("_sums", "_first_s", "_last_s", "_last", "_marks", "_walked"):
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, np.zeros((more, *array.shape[1:]))]))
        self._sums[rows] = self._walked[rows] = 0
        self._last[rows] = self._marks[rows] = np.nan

    def follow(
        self, rows: npt.NDArray[np.intp], places: Floats, now_s: float
    ) -> tuple[Floats, Floats]:
        """Add ``(P, 2)`` places, and return each person's speed and way so far."""
        there = ~np.isnan(places[:, 0])
        seen = rows[there]
        self._add(seen, places[there], now_s)
        speeds = np.full(len(rows), np.nan)
        velocity = self._slopes(seen)
        speeds[there] = np.where(
            now_s - self._first_s[seen] >= _SPAN_SHARE * self._smoothing_s,
            np.hypot(velocity[:, 0], velocity[:, 1]),
            np.nan,
        )
        self._walk(seen)
        return speeds, self._walked[rows]

    def _add(self, rows: npt.NDArray[np.intp], places: Floats, now_s: float) -> None:
        passed = now_s - self._last_s[rows]
        away = np.hypot(*(places - self._last[rows]).T)
        new = ~(away <= _FASTEST_M_PER_S * passed + _JUMP_M)
        self._sums[rows[new]] = 0
        self._first_s[rows[new]], self._last_s[rows[new]] = now_s, now_s
        self._marks[rows[new]] = places[new]
        passed[new] = 0
        n, t, tt, x, y, tx, ty = self._sums[rows].T
        moved = (n, t - passed * n, tt - 2 * passed * t + passed**2 * n)
        sums = np.stack([*moved, x, y, tx - passed * x, ty - passed * y], axis=1)
        sums *= np.exp(-passed / self._smoothing_s)[:, None]
        sums[:, 0] += 1
        sums[:, 3:5] += places
        self._sums[rows], self._last[rows], self._last_s[rows] = sums, places, now_s

    def _slopes(self, rows: npt.NDArray[np.intp]) -> Floats:
        """Return ``(P, 2)`` velocities, metres per second; NaN of a single place."""
        n, t, tt, x, y, tx, ty = self._sums[rows].T
        spread = n * tt - t * t
        with np.errstate(invalid="ignore", divide="ignore"):
            slopes = np.stack([n * tx - t * x, n * ty - t * y], axis=1) / spread[:, None]
        slopes[spread <= 1e-9 * n * n] = np.nan
        return slopes

    def _walk(self, rows: npt.NDArray[np.intp]) -> None:
        """Lengthen the way of whoever is a step from where it was measured last."""
        sums = self._sums[rows]
        smooth = sums[:, 3:5] / np.maximum(sums[:, :1], 1)
        away = np.hypot(*(smooth - self._marks[rows]).T)
        stepped = away > _STEP_M
        self._walked[rows[stepped]] += away[stepped]
        self._marks[rows[stepped]] = smooth[stepped]

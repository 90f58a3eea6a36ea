"""From the picture to metres on the ground, by four points whose place is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from posestream.shapes import Point, Size, checked_points, in_fractions

Floats = npt.NDArray[np.float64]

_LEAST_CORNER = 0.002
"""A triangle with less area than this, in squares of its longest side, is as good as a line."""
_NEAR_HORIZON = 0.02
"""Points nearer to the horizon than this are nowhere; 1 is the distance of the four points."""
_FAR = 1e7
_CROSSED = (
    "picture: the horizon passes between the points; are they in the order of those in metres?"
)


class GroundPlane:
    """A flat ground as one camera sees it.

    Args:
        picture: Four points of the picture, fractions or pixels, not three of them on one line.
        metres: Where these are on the ground, metres from any corner.
        drawn_on: Width and height of the picture that pixels are of; by default each frame's.

    Raises:
        ValueError: If the points fix no ground.
    """

    def __init__(
        self,
        picture: Sequence[Point],
        metres: Sequence[Point],
        *,
        drawn_on: Size | None = None,
    ) -> None:
        for name, points in (("picture", picture), ("metres", metres)):
            if len(points) != 4:
                raise ValueError(f"{name}: four points are needed, not {len(points)}")
        try:
            self._picture = checked_points([(float(x), float(y)) for x, y in picture])
        except ValueError as error:
            raise ValueError(f"picture: {error}") from None
        self._whole = (1, 1) if in_fractions(self._picture) else drawn_on
        known = np.asarray(metres, np.float64)
        if not (np.abs(known) < _FAR).all():
            raise ValueError(f"metres: must be numbers under {_FAR:g}, not {known.tolist()}")
        seen = np.asarray(self._picture, np.float64)
        _refuse_rows("picture", seen)
        _refuse_rows("metres", known)
        self._homography = _solved(seen, known)

    def metres_from_picture(self, points: npt.NDArray[np.floating], size: Size) -> Floats:
        """Return where points of a frame are on the ground.

        Args:
            points: ``(..., 2)`` frame pixels.
            size: Width and height of the frame.

        Returns:
            ``(..., 2)`` metres; NaN at the horizon and beyond.
        """
        return _mapped(points / self._unit(size), self._homography)

    def picture_from_metres(self, points: npt.NDArray[np.floating], size: Size) -> Floats:
        """Return where ``(..., 2)`` points on the ground are in a frame, pixels.

        NaN for what is behind the camera.
        """
        return _mapped(points, np.linalg.inv(self._homography)) * self._unit(size)

    def _unit(self, size: Size) -> Floats:
        """Return the pixels of a frame in one unit of the four points, across and down."""
        return np.asarray(size, np.float64) / (self._whole or size)


def _mapped(points: npt.NDArray[np.floating], homography: npt.NDArray[np.floating]) -> Floats:
    """Map ``(..., 2)`` points; NaN for those with no positive third coordinate."""
    there = np.where(np.abs(points) < _FAR, points, np.nan).astype(np.float64)
    mapped = there @ homography[:, :2].T + homography[:, 2]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(mapped[..., 2:] > _NEAR_HORIZON, mapped[..., :2] / mapped[..., 2:], np.nan)


def _solved(seen: Floats, known: Floats) -> Floats:
    """Return the ``(3, 3)`` homography whose third coordinate is 1 in the middle of the points.

    It is positive on the ground and 0 at the horizon.

    Raises:
        ValueError: If the horizon passes between the points.
    """
    middle, extent = seen.mean(axis=0), np.ptp(seen, axis=0)
    near = (seen - middle) / extent  # or the equations of pixels would be ill-conditioned
    zeros, ones = np.zeros((4, 3)), np.ones((4, 1))
    at = np.concatenate([near, ones], axis=1)
    rows = [
        np.concatenate([at, zeros, -known[:, :1] * near], axis=1),
        np.concatenate([zeros, at, -known[:, 1:] * near], axis=1),
    ]
    try:
        solution = np.linalg.solve(np.concatenate(rows), known.T.reshape(-1))
    except np.linalg.LinAlgError:
        raise ValueError(_CROSSED) from None
    homography = np.append(solution, 1.0).reshape(3, 3)
    if ((at @ homography[2]) <= _NEAR_HORIZON).any():
        raise ValueError(_CROSSED)
    scaled = np.diag([*(1 / extent), 1.0])
    scaled[:2, 2] = -middle / extent
    return homography @ scaled


def _refuse_rows(name: str, points: Floats) -> None:
    """Refuse three points on one line, and points that are the same."""
    for trio in combinations(range(4), 3):
        a, b, c = points[list(trio)]
        longest = max(np.hypot(*(b - a)), np.hypot(*(c - b)), np.hypot(*(a - c)))
        area = abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])) / 2
        if area <= _LEAST_CORNER * longest**2:
            numbers = ", ".join(str(n + 1) for n in trio)
            raise ValueError(f"{name}: points {numbers} lie on one line; no three may")

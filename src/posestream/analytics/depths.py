"""How deep points lie inside polygons, compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.compilation import compiled

Floats = npt.NDArray[np.float64]

_ON_EDGE_PX = 0.75
"""A side this near to the edge of the frame lies on it."""
_INSIDE_PX = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """Several polygons in the pixels of a frame.

    Sides along the edge of the frame are no border: who is cut off by the edge is still inside.
    """

    corners: Floats
    """``(V, 2)`` corners of all polygons one after the other, frame pixels."""
    firsts: npt.NDArray[np.int64]
    """``(Z + 1,)`` where each polygon's corners begin, and where the last one's end."""
    solid: npt.NDArray[np.bool_]
    """``(V,)`` whether the side from each corner to the next is a border."""
    breadths: Floats
    """``(Z,)`` twice the area of each polygon over its outline: a strip's breadth, pixels."""
    size: tuple[int, int]
    """Width and height of the frame."""

    @classmethod
    def of(cls, outlines: Sequence[Floats], size: tuple[int, int]) -> Polygons:
        """Take the ``(V, 2)`` outline of each polygon, frame pixels."""
        solid = [_solid(outline, size) for outline in outlines]
        firsts = np.cumsum([0, *(len(outline) for outline in outlines)])
        return cls(
            np.concatenate([np.zeros((0, 2)), *outlines]),
            firsts.astype(np.int64),
            np.concatenate([np.zeros(0, np.bool_), *solid]),
            np.array([_breadth(outline) for outline in outlines], np.float64),
            size,
        )

    def depths(self, points: Floats) -> Floats:
        """Return how far ``(N, 2)`` points are from the border of each polygon, pixels.

        Points are taken for at most as far out as the edge of the frame.

        Returns:
            ``(N, Z)``, positive inside, negative outside, NaN where a point is.
        """
        return polygon_depths(points, self.corners, self.firsts, self.solid, *self.size)


@compiled
def polygon_depths(
    points: npt.NDArray[np.float64],
    corners: npt.NDArray[np.float64],
    firsts: npt.NDArray[np.int64],
    solid: npt.NDArray[np.bool_],
    width: int,
    height: int,
) -> npt.NDArray[np.float64]:
    """Return how far points are from the borders of polygons; see `Polygons.depths`.

    Args:
        points: ``(N, 2)``.
        corners: ``(V, 2)`` of all polygons.
        firsts: ``(Z + 1,)`` where each polygon begins in ``corners``.
        solid: ``(V,)`` sides that are a border.
        width: Of the frame, pixels.
        height: Of the frame, pixels.

    Returns:
        ``(N, Z)``; infinite for a polygon without any border.
    """
    depths = np.empty((len(points), len(firsts) - 1))
    for n in range(len(points)):
        if np.isnan(points[n, 0] + points[n, 1]):
            depths[n] = np.nan
            continue
        x = min(max(points[n, 0], _INSIDE_PX), width - _INSIDE_PX)
        y = min(max(points[n, 1], _INSIDE_PX), height - _INSIDE_PX)
        for z in range(len(firsts) - 1):
            inside, nearest = False, np.inf
            for a in range(firsts[z], firsts[z + 1]):
                b = a + 1 if a + 1 < firsts[z + 1] else firsts[z]
                ax, ay = corners[a]
                dx, dy = corners[b, 0] - ax, corners[b, 1] - ay
                if (ay > y) != (corners[b, 1] > y) and x < ax + (y - ay) * dx / dy:
                    inside = not inside
                if solid[a]:
                    t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)
                    t = min(max(t, 0.0), 1.0)
                    ex, ey = x - ax - t * dx, y - ay - t * dy
                    nearest = min(nearest, ex * ex + ey * ey)
            distance = np.sqrt(nearest)
            depths[n, z] = distance if inside else -distance
    return depths


def _solid(outline: Floats, size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    near = np.concatenate([outline <= _ON_EDGE_PX, outline >= np.array(size) - _ON_EDGE_PX], axis=1)
    return ~np.any(near & np.roll(near, -1, axis=0), axis=1)


def _breadth(corners: Floats) -> float:
    following = np.roll(corners, -1, axis=0)
    doubled = (corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]).sum()
    return float(abs(doubled) / np.hypot(*(following - corners).T).sum())

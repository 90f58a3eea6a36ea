"""Maps as a perfect network would draw them of a few people: what made-up weights cannot find."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.topology import Topology

Maps = npt.NDArray[np.float32]

_BODY = {
    "nose": (0.0, -0.88),
    "neck": (0.0, -0.5),
    "left_eye": (0.07, -0.95),
    "left_ear": (0.15, -0.91),
    "left_shoulder": (0.33, -0.5),
    "left_elbow": (0.46, 0.05),
    "left_wrist": (0.5, 0.55),
    "left_hip": (0.2, 0.5),
    "left_knee": (0.23, 1.3),
    "left_ankle": (0.25, 2.05),
}
"""Right and down of the body's middle, in lengths of its torso; the right side is the mirror."""
_HEAD, _FEET = 1.1, 2.2
_FILLED = 0.9
_SPREAD_CELLS = 1.3


def people_maps(
    topology: Topology,
    *,
    size: tuple[int, int],
    shown: tuple[float, float],
    channels: tuple[int, int],
    people: int = 5,
) -> tuple[Maps, Maps]:
    """Draw people side by side, each turned a bit.

    Args:
        topology: Names the keypoints; those of no body that is known here are not drawn.
        size: Width and height of the maps, cells.
        shown: Width and height of the part that shows the frame, from the top left, cells.
        channels: Confidence maps, whose last is the background where there is one more than there
            are keypoints, and part affinity fields.
        people: How many.

    Returns:
        ``(1, maps, h, w)`` confidence maps and ``(1, fields, h, w)`` part affinity fields.
    """
    width, height = size
    maps = np.zeros((channels[0], height, width), np.float32)
    fields = np.zeros((channels[1], height, width), np.float32)
    torso = _FILLED * shown[1] / (_HEAD + _FEET)
    for person in range(people):
        middle = ((person + 0.5) * shown[0] / people, 0.05 * shown[1] + _HEAD * torso)
        points = _points(topology, middle, torso, lean=0.08 * (person - people // 2))
        for k, point in points.items():
            np.maximum(maps[k], _peak(point, size), out=maps[k])
        for limb, (start, end) in enumerate(topology.limbs):
            if start in points and end in points:
                pair = topology.paf_channels[limb]
                fields[list(pair)] += _tube(points[start], points[end], size)
    if channels[0] > len(topology.keypoints):
        maps[-1] = 1 - maps[:-1].max(axis=0)
    return maps[None], fields[None]


def _points(
    topology: Topology, middle: tuple[float, float], torso: float, *, lean: float
) -> dict[int, npt.NDArray[np.float64]]:
    """Return where a person's keypoints are, cells, by their places in the topology."""
    turn = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    points = {}
    for k, name in enumerate(topology.keypoints):
        place = _BODY.get(name.replace("right_", "left_"))
        if place is not None:
            mirrored = -1 if name.startswith("right_") else 1
            points[k] = middle + torso * turn @ (mirrored * place[0], place[1])
    return points


def _peak(point: npt.NDArray[np.float64], size: tuple[int, int]) -> Maps:
    """Return ``(h, w)``: 1 at a point, less around it."""
    across, down = (
        np.exp(-(((np.arange(cells) + 0.5 - at) / _SPREAD_CELLS) ** 2))
        for cells, at in zip(size, point, strict=True)
    )
    return (down[:, None] * across).astype(np.float32)


def _tube(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], size: tuple[int, int]
) -> Maps:
    """Return ``(2, h, w)``: the direction of a limb in a tube around it."""
    y, x = np.mgrid[: size[1], : size[0]] + 0.5
    along = end - start
    length = float(np.hypot(*along)) + 1e-6
    unit = along / length
    part = np.clip((x - start[0]) * unit[0] + (y - start[1]) * unit[1], 0, length)
    square = (x - start[0] - part * unit[0]) ** 2 + (y - start[1] - part * unit[1]) ** 2
    strength = np.exp(-square / _SPREAD_CELLS**2)
    return (unit[:, None, None] * strength).astype(np.float32)

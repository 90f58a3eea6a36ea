"""A frame with a grid of coordinates, and its zones, lines and ground on it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from posestream.analytics.ground import GroundPlane
from posestream.assembly_zones import zone_painter
from posestream.config_zones import ZonesConfig
from posestream.images import HostImage, Image
from posestream.overlay.canvas import Canvas
from posestream.overlay.colours import MIDDLE, OUTLINE
from posestream.overlay.text import label_height, put_label
from posestream.overlay.zones import draw_segments
from posestream.shapes import Size, in_fractions

_GROUND = (240, 228, 66)
_MOST_METRES = 60


def draw_sheet(image: Image, settings: ZonesConfig, *, grid: bool = True) -> HostImage:
    """Return a copy of a frame to choose points on.

    Every tenth of the picture has a line, named in fractions and pixels. The ground, if it is
    known, has a yellow line every metre around its four points.
    """
    copy = image.yuv420p_copy()
    canvas = Canvas(copy)
    if grid:
        _draw_grid(canvas)
    if settings.ground is not None:
        metres = np.asarray(settings.ground.metres, np.float64)
        size = (canvas.width, canvas.height)
        draw_segments(
            canvas, ground_grid(settings.ground.plane(), metres, size), colour=_GROUND, opacity=0.8
        )
    zone_painter(settings).draw(canvas)
    return copy


def encoded(image: HostImage, suffix: str) -> bytes:
    """Return a picture as a file of a type such as ``.png``."""
    done, data = cv2.imencode(suffix, cv2.cvtColor(image.rgb(), cv2.COLOR_RGB2BGR))
    assert done, suffix
    return np.asarray(data, np.uint8).tobytes()


def outside(settings: ZonesConfig, size: Size) -> list[str]:
    """Return the names of zones and lines in pixels that reach out of a frame."""
    width, height = size
    shapes = [(name, zone.polygon, zone.drawn_on) for name, zone in settings.zones.items()]
    shapes += [
        (name, (line.start, line.end), line.drawn_on) for name, line in settings.lines.items()
    ]
    return [
        name
        for name, points, drawn_on in shapes
        if not in_fractions(points)
        and drawn_on is None
        and any(x > width or y > height for x, y in points)
    ]


def ground_grid(
    plane: GroundPlane, metres: npt.NDArray[np.float64], size: Size
) -> npt.NDArray[np.float64]:
    """Return ``(S, 2, 2)`` pieces of the lines of whole metres around ``(4, 2)`` points."""
    low = np.floor(metres.min(axis=0)).astype(int)
    high = np.ceil(metres.max(axis=0)).astype(int)
    step = -(-int((high - low).max()) // _MOST_METRES)
    lines = []
    for axis in (0, 1):
        ends = np.arange(low[axis], high[axis] + 1, step)
        along = np.linspace(low[1 - axis], high[1 - axis], 40)
        for at in ends:
            points = np.empty((len(along), 2))
            points[:, axis], points[:, 1 - axis] = at, along
            seen = plane.picture_from_metres(points, size)
            lines.append(np.stack([seen[:-1], seen[1:]], axis=1))
    pieces = np.concatenate(lines)
    extent = np.asarray(size)
    near = ((pieces > -extent) & (pieces < 2 * extent)).all(axis=(1, 2))
    return pieces[near]


def _draw_grid(canvas: Canvas) -> None:
    width, height = canvas.width, canvas.height
    shares = np.arange(1, 10) / 10
    across = [((s * width, 0), (s * width, height)) for s in shares]
    down = [((0, s * height), (width, s * height)) for s in shares]
    draw_segments(canvas, np.array(across + down), colour=MIDDLE, opacity=0.45)
    text = label_height((width, height))
    for share in shares.tolist():
        x, y = round(share * width), round(share * height)
        put_label(canvas, f"{share:.1f} {x}", (x, text), colour=OUTLINE, centred=True)
        put_label(canvas, f"{share:.1f} {y}", (0, y + text // 2), colour=OUTLINE)

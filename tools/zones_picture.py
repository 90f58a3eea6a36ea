"""Draw the picture of docs/how-to/zones-and-lines.md: acted people in a hall with zones.

    PYTHONPATH=src:tools python tools/zones_picture.py docs/images/zones.png

The hall, its camera and the people are made up; what is written on the picture was counted and
measured by the package.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from acting import STAND, poses_of, walk

from posestream.analytics.ground import GroundPlane
from posestream.analytics.speeds import SpeedMeter
from posestream.analytics.zones import ZoneWatcher
from posestream.images import HostImage
from posestream.overlay.annotator import Annotator
from posestream.overlay.canvas import Canvas
from posestream.overlay.colours import OUTLINE
from posestream.overlay.text import put_label
from posestream.overlay.zones import ZonePainter
from posestream.topology import COCO_17
from posestream.types import Poses, Result, Tracks
from posestream.zones import Line, Movements, Zone

SIZE, FPS, SECONDS = (960, 540), 25, 6.0
FOCAL, HIGH_M, TILT = 760.0, 3.2, np.radians(19)
TALL_M = 1.75
SQUARE_M = ((-2.0, 5.0), (2.0, 5.0), (2.0, 11.0), (-2.0, 11.0))
Floats = npt.NDArray[np.float64]


def main(output: Path) -> None:
    """Let people walk, watch them, and draw the last frame."""
    zone = Zone(name="desk", polygon=pixels((0.6, 5.2), (3.4, 5.2), (3.6, 8.4), (0.6, 8.4)))
    gate = Line(name="gate", start=pixels((-1.4, 4.9))[0], end=pixels((-1.4, 11.0))[0])
    ground = GroundPlane(pixels(*SQUARE_M), SQUARE_M)
    watcher = ZoneWatcher(COCO_17, zones=[zone], lines=[gate])
    meter = SpeedMeter(COCO_17, ground)
    times = np.arange(0, SECONDS, 1 / FPS).tolist()
    for pts_s in times:
        watcher.update(people(pts_s), pts_s=pts_s, size=SIZE)
        meter.update(people(pts_s), pts_s=pts_s, size=SIZE)
    tracks = people(times[-1])
    moved = meter.update(tracks, pts_s=times[-1], size=SIZE)
    image = HostImage.from_rgb(hall()).yuv420p_copy()
    ZonePainter([zone], [gate]).draw(Canvas(image), watcher.counts)
    result = Result("hall", len(times) - 1, times[-1], 0.0, SIZE, tracks, COCO_17)
    drawn = Annotator(COCO_17).draw(image, result)
    label(Canvas(drawn), tracks, moved)
    cv2.imwrite(str(output), cv2.cvtColor(drawn.rgb(), cv2.COLOR_RGB2BGR))
    print(watcher.counts.to_dict(), moved.speeds.round(2), moved.distances.round(1))


def seen(metres: Floats) -> Floats:
    """Return where ``(N, 2)`` points on the floor are in the picture, pixels."""
    depth = metres[:, 1] * np.cos(TILT) + HIGH_M * np.sin(TILT)
    below = HIGH_M * np.cos(TILT) - metres[:, 1] * np.sin(TILT)
    across = SIZE[0] / 2 + FOCAL * metres[:, 0] / depth
    return np.stack([across, SIZE[1] / 2 + FOCAL * below / depth], axis=1)


def pixels(*metres: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """Return points on the floor as whole pixels."""
    return tuple((float(round(x)), float(round(y))) for x, y in seen(np.array(metres)))


def people(t: float) -> Tracks:
    """Two who walk through the hall, one who stands at the desk and one who goes to it."""
    walks = [
        (walk(t).moved(x=0), (-3.2 + 0.9 * t, 6.3)),
        (walk(t + 0.4).moved(x=0), (-4.4 + 0.6 * t, 9.4)),
        (STAND.moved(front=0.9), (2.9, 7.6)),
        (walk(t + 0.9).moved(x=0), (-2.2 + 0.62 * t, 5.6)),
    ]
    found = []
    for figure, at in walks:
        depth = at[1] * np.cos(TILT) + HIGH_M * np.sin(TILT)
        (left, low), *_ = seen(np.array([at])).tolist()
        found.append(poses_of([figure], stature=FOCAL * TALL_M / depth, ground=low, left=left))
    arrays = zip(*((p.keypoints, p.keypoint_scores, p.scores, p.boxes) for p in found), strict=True)
    return Tracks(Poses(*(np.concatenate(parts) for parts in arrays)), np.arange(len(found)))


def hall() -> npt.NDArray[np.uint8]:
    """Return a floor of metre tiles before a wall, RGB."""
    picture = np.full((SIZE[1], SIZE[0], 3), (196, 200, 204), np.uint8)
    left, right = seen(np.array([(-40.0, 13.0), (40.0, 13.0)]))
    picture[int(left[1]) :] = (148, 146, 142)
    for x in range(-12, 13):
        line(picture, (x, 1.5), (x, 13.0))
    for y in range(2, 14):
        line(picture, (-30, y), (30, y))
    cv2.line(picture, (0, int(left[1])), (SIZE[0], int(right[1])), (92, 94, 98), 3, cv2.LINE_AA)
    return picture


def line(picture: npt.NDArray[np.uint8], first: tuple, second: tuple) -> None:
    """Draw a joint of the tiles between two points of the floor."""
    a, b = seen(np.array([first, second], float)).round().astype(int).tolist()
    cv2.line(picture, a, b, (130, 128, 125), 1, cv2.LINE_AA)


def label(canvas: Canvas, tracks: Tracks, moved: Movements) -> None:
    """Write everybody's speed above them."""
    for box, speed in zip(tracks.poses.boxes.tolist(), moved.speeds.tolist(), strict=True):
        at = ((box[0] + box[2]) / 2, box[1] - 8)
        put_label(canvas, f"{speed:.1f} m/s", at, colour=OUTLINE, centred=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

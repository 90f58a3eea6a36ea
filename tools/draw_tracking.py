"""Draw the picture of docs/how-to/track-people.md: a made-up crowd at four moments.

Run it as ``python tools/draw_tracking.py docs/images/tracking.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from crowds.network import look
from crowds.scenes import SIZE, walking_scene

from posestream.images import HostImage
from posestream.overlay.annotator import Annotator
from posestream.topology import COCO_17
from posestream.tracking import PoseTracker
from posestream.types import Result

MOMENTS_S = (4.0, 5.0, 6.0, 7.0)
SEED = 9005


def main() -> None:
    """Follow the crowd and write four of its frames."""
    scene = walking_scene(5, seed=SEED, seconds=8)
    tracker, annotator = PoseTracker(COCO_17), Annotator(COCO_17, labels=True)
    grey = HostImage.from_rgb(np.full((SIZE[1], SIZE[0], 3), 60, np.uint8))
    panels = []
    for n, (found, t) in enumerate(zip(look(scene, seed=SEED), scene.times_s, strict=True)):
        tracks = tracker.update(found.poses, float(t), size=SIZE).tracks
        if n / 30 in MOMENTS_S:
            result = Result("crowd", n, float(t), 0.0, SIZE, tracks, COCO_17)
            picture = annotator.draw(grey, result).rgb()[90:610]
            panels.append(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    gap = np.full((panels[0].shape[0], 6, 3), 255, np.uint8)
    rows = [np.hstack([panels[i], gap, panels[i + 1]]) for i in (0, 2)]
    line = np.full((6, rows[0].shape[1], 3), 255, np.uint8)
    cv2.imwrite(str(Path(sys.argv[1])), np.vstack([rows[0], line, rows[1]])[..., ::-1])


if __name__ == "__main__":
    main()

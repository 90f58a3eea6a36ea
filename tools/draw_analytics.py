"""Draw the pictures of the how-to pages on falls and activities from acted figures.

python tools/draw_analytics.py docs/images
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from acting import (
    LIE,
    RAISED,
    SIT,
    STAND,
    STOOP,
    Figure,
    act,
    dance,
    figure_at,
    jump,
    keypoints,
    poses_of,
    run,
    walk,
    wave,
)

from posestream.analytics.falls import FallDetector
from posestream.images import HostImage
from posestream.overlay.annotator import Annotator
from posestream.topology import COCO_17
from posestream.types import Poses, Result, Tracks

Pixels = npt.NDArray[np.uint8]
PAPER, INK, ALARM = (246, 246, 243), (60, 60, 60), (200, 40, 40)
STATURE, HEIGHT = 190.0, 260


def main() -> None:
    """Write both pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name, picture in (("falls", falls()), ("activities", activities())):
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])


def falls() -> Pixels:
    """Draw a person who stands, falls, lies and gets up, with what is told below each."""
    story = [(0, STAND), (2, STAND), (2.7, LIE), (14, LIE), (16, SIT.moved(hips=0.1))]
    story += [(17.5, STAND), (20, STAND)]
    shown = [0.5, 2.2, 2.4, 2.55, 4, 13.5, 15.6, 19.5]
    detector, told, state_at, tiles = FallDetector(COCO_17), {}, {}, []
    for time_s, poses in act(story, stature=STATURE):
        tracks = Tracks(poses, np.zeros(1, np.int64))
        for event in detector.update(tracks, pts_s=time_s):
            told[event.kind] = event
        state_at[round(time_s, 3)] = detector.states[0]
    times = np.array(list(state_at))
    for time_s in shown:
        nearest = float(times[np.abs(times - time_s).argmin()])
        figure = figure_at(story, time_s)
        happened = [e for e in told.values() if 0 <= time_s - e.pts_s <= 4]
        words = [f"{time_s:.1f} s", state_at[nearest]]
        words += [f"event: {event.kind}" for event in happened[-1:]]
        tiles.append(_tile(figure, words, alarm=bool(happened)))
    return np.hstack(tiles)


def activities() -> Pixels:
    """Draw a figure for each activity."""
    shown = {
        "standing": STAND,
        "sitting": SIT,
        "lying": LIE,
        "walking": walk(0.22).moved(x=0),
        "running": run(0.15).moved(x=0),
        "jumping": jump(0.125),
        "bending": STOOP,
        "raised_hands": RAISED,
        "waving": wave(0.12),
        "lively": dance(0.3),
    }
    tiles = [_tile(figure, [name]) for name, figure in shown.items()]
    return np.vstack([np.hstack(tiles[:5]), np.hstack(tiles[5:])])


def _tile(figure: Figure, words: list[str], *, alarm: bool = False) -> Pixels:
    width = HEIGHT if abs(figure.torso) > 60 else 180
    below = min(0.0, float(keypoints(figure)[:, 1].min()))  # feet stay above the ground
    figure = figure.moved(hips=figure.hips - below)
    poses = poses_of([figure], stature=STATURE, ground=HEIGHT - 14, left=width / 2)
    paper = np.full((HEIGHT, width, 3), PAPER, np.uint8)
    paper[HEIGHT - 12 :] = (222, 222, 216)
    image = HostImage.from_rgb(paper)
    drawn = Annotator(COCO_17, line_width=4).draw(image, _result(poses, image.size)).rgb().copy()
    for line, text in enumerate(words):
        colour = ALARM if alarm and line == 2 else INK
        place = (8, 18 + 18 * line)
        cv2.putText(drawn, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
    return drawn


def _result(poses: Poses, size: tuple[int, int]) -> Result:
    return Result("acted", 0, 0.0, 0.0, size, Tracks.untracked(poses), COCO_17)


if __name__ == "__main__":
    main()

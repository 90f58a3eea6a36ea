"""What drawing costs on a 1080p frame, beside the copy that is drawn on.

    python benchmarks/overlay.py --output benchmarks/results/overlay.json

Prints milliseconds, the least of many tries, one thread. People are walking adults of the given
height, spread over the frame.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from _machine import write

from posestream.images import HostImage
from posestream.overlay.annotator import Annotator
from posestream.topology import COCO_17
from posestream.types import Poses, Result, Tracks

SIZE = (1920, 1080)
CROWDS = ((0, 0), (1, 900), (5, 500), (20, 250), (20, 500))
"""People and their height, pixels."""
OPTIONS = ("boxes", "labels", "frame_number", "blur_faces")
ADULT = np.array(
    [
        *[(8, 13), (9, 11), (7, 11), (6, 12), (1, 12), (10, 32), (-8, 33), (24, 58), (-22, 56)],
        *[(40, 74), (-16, 80), (6, 83), (-6, 83), (22, 122), (-4, 126), (12, 160), (-34, 154)],
    ],
    np.float32,
)
"""``(17, 2)`` a walking adult, 166 units tall."""


def main() -> None:
    parser = argparse.ArgumentParser(description="What drawing costs.")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--tries", type=int, default=200)
    arguments = parser.parse_args()
    image = HostImage(av.VideoFrame(*SIZE, "yuv420p"))
    copy_ms = fastest_ms(image.yuv420p_copy, arguments.tries)
    print(f"copy of the frame {copy_ms:.2f} ms; over the copy, ms:")
    rows = []
    for count, height in CROWDS:
        row: dict[str, object] = {"people": count, "height_px": height}
        for option in (None, *OPTIONS):
            annotator = Annotator(COCO_17, **({option: True} if option else {}))
            result = crowd(count, height)
            annotator.draw(image, result)
            total = fastest_ms(lambda a=annotator, r=result: a.draw(image, r), arguments.tries)
            row[option or "skeletons"] = round(total - copy_ms, 3)
        rows.append(row)
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    write({"size": SIZE, "copy_ms": round(copy_ms, 3), "over_copy_ms": rows}, arguments.output)


def crowd(count: int, height: int) -> Result:
    points = ADULT * (height / 166) if count else ADULT
    rng = np.random.default_rng(1)
    span = np.maximum(np.array(SIZE) - np.ptp(points, axis=0), 1)
    corners = rng.uniform(0, 1, (count, 1, 2)) * span - points.min(axis=0)
    keypoints = (points + corners).astype(np.float32)
    poses = Poses(
        keypoints,
        np.full((count, 17), 0.8, np.float32),
        np.full(count, 0.7, np.float32),
        np.concatenate([keypoints.min(axis=1), keypoints.max(axis=1)], axis=1),
    )
    return Result("s", 1, 0.0, 0.0, SIZE, Tracks(poses, np.arange(count)), COCO_17)


def fastest_ms(function: Callable[[], object], tries: int) -> float:
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


if __name__ == "__main__":
    main()

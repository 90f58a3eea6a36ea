"""Whether people keep their identities on real clips of whom somebody wrote down the poses.

    python benchmarks/tracking_clips.py CLIPS.json POSES --output benchmarks/results/clips.json

CLIPS.json lists ``file`` and ``real_fps`` of each clip; POSES is a folder with the poses of each as
``STEM.npz``: keypoints, keypoint_scores, scores, boxes, padded to the same number of people, and
counts and size. Prints for each clip in how many frames the identities seen most often were seen.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
from _machine import write

from posestream.topology import COCO_17
from posestream.tracking import PoseTracker
from posestream.types import Poses


def main() -> None:
    parser = argparse.ArgumentParser(description="Whether people keep their identities.")
    parser.add_argument("clips", type=Path)
    parser.add_argument("poses", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    rows = []
    for clip in json.loads(arguments.clips.read_text()):
        path = arguments.poses / f"{Path(clip['file']).stem}.npz"
        if path.exists():
            rows.append({"clip": path.stem, **sightings(path, clip["real_fps"])})
            print(*(f"{key} {value}" for key, value in rows[-1].items()))
    write({"clips": rows}, arguments.output)


def sightings(path: Path, fps: float) -> dict[str, object]:
    """Count the frames in which each identity was found, bridged ones left out."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    size = int(arrays["size"][0]), int(arrays["size"][1])
    tracker, seen = PoseTracker(COCO_17), Counter[int]()
    for n, count in enumerate(arrays["counts"].tolist()):
        names = ("keypoints", "keypoint_scores", "scores", "boxes")
        poses = Poses(*(arrays[name][n, :count] for name in names))
        tracked = tracker.update(poses, n / fps, size=size)
        named = (tracked.rows >= 0) & (tracked.tracks.ids >= 0)
        seen.update(tracked.tracks.ids[named].tolist())
    most = [count for _, count in seen.most_common(4)]
    return {"frames": len(arrays["counts"]), "identities": len(seen), "most_seen": most}


if __name__ == "__main__":
    main()

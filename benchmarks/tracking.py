"""How well and how fast made-up crowds are followed, and by others' trackers.

    python benchmarks/tracking.py --output benchmarks/results/tracking.json
    pip install --no-deps trackers; python benchmarks/tracking.py --against

Needs motrics (`pip install 'posestream[test]'`). Speeds are medians of one thread, Python
included. The seeds are not those that the tracker was tuned on.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from _machine import write

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

from crowds.network import Found, look
from crowds.scenes import SIZE, Scene, walking_scene
from crowds.scoring import score

from posestream.topology import COCO_17
from posestream.tracking import PoseSmoother, PoseTracker
from posestream.types import Tracks

CROWDS = (1, 2, 5, 10)
FIRST_SEED = 9000
OTHERS = ("SORTTracker", "ByteTrackTracker", "OCSORTTracker")


def main() -> None:
    parser = argparse.ArgumentParser(description="How well and how fast people are followed.")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--scenes", type=int, default=10, help="scenes of each crowd")
    parser.add_argument("--frames", type=int, default=20_000, help="frames of the long run")
    parser.add_argument("--against", action="store_true", help="also measure Roboflow's trackers")
    arguments = parser.parse_args()
    figures: dict[str, object] = {
        "quality": quality(arguments.scenes, arguments.against),
        "us_per_frame": {people: speed(people) for people in (1, 5, 10, 30)},
        "growth": growth(arguments.frames),
    }
    print(figures["us_per_frame"], figures["growth"])
    write(figures, arguments.output)


def quality(scenes: int, against: bool) -> list[dict[str, object]]:
    rows = []
    for people in CROWDS:
        pairs = [_scene(people, FIRST_SEED + 100 * people + n) for n in range(scenes)]
        found: dict[str, list[list[Tracks]]] = {
            "true identities, gaps left": [
                [Tracks(f.poses, f.people) for f in s] for _, s in pairs
            ],
            "posestream": [_followed(scene, frames) for scene, frames in pairs],
        }
        if against:
            found |= {name: [_by_other(name, frames) for _, frames in pairs] for name in OTHERS}
        for who, tracks in found.items():
            scores = [asdict(score(scene, t)) for (scene, _), t in zip(pairs, tracks, strict=True)]
            means = {k: round(float(np.mean([s[k] for s in scores])), 3) for k in scores[0]}
            least = round(min(s["hota"] for s in scores), 3)
            rows.append({"people": people, "tracker": who, **means, "least_hota": least})
            print(rows[-1])
    return rows


def speed(people: int) -> dict[str, float]:
    scene, frames = _scene(people, FIRST_SEED + people)
    tracker, smoother = PoseTracker(COCO_17), PoseSmoother()
    tracking, smoothing = [], []
    for found, t in zip(frames, scene.times_s.tolist(), strict=True):
        begun = time.perf_counter()
        tracks = tracker.update(found.poses, t, size=SIZE).tracks
        between = time.perf_counter()
        smoother.update(tracks, t)
        smoothing.append(time.perf_counter() - between)
        tracking.append(between - begun)
    return {
        "track": round(1e6 * float(np.median(tracking)), 1),
        "smooth": round(1e6 * float(np.median(smoothing)), 1),
        "people_found": round(float(np.mean([len(f.poses) for f in frames])), 1),
    }


def growth(count: int) -> dict[str, float]:
    """Follow ten people for a long time; compare the first and the last tenth."""
    _, frames = _scene(10, FIRST_SEED)
    tracker, smoother, taken = PoseTracker(COCO_17), PoseSmoother(), []
    for n in range(count):
        found, t = frames[n % len(frames)], n / 30
        begun = time.perf_counter()
        smoother.update(tracker.update(found.poses, t, size=SIZE).tracks, t)
        taken.append(time.perf_counter() - begun)
    tenth = count // 10
    first, last = np.median(taken[:tenth]), np.median(taken[-tenth:])
    return {"frames": count, "last_to_first": round(float(last / first), 3)}


def _scene(people: int, seed: int) -> tuple[Scene, list[Found]]:
    scene = walking_scene(people, seed=seed)
    return scene, look(scene, seed=seed)


def _followed(scene: Scene, frames: list[Found]) -> list[Tracks]:
    tracker = PoseTracker(COCO_17)
    times = scene.times_s.tolist()
    return [
        tracker.update(f.poses, t, size=SIZE).tracks for f, t in zip(frames, times, strict=True)
    ]


def _by_other(name: str, frames: list[Found]) -> list[Tracks]:
    """Follow people by their boxes with a tracker of Roboflow's, as it is by default."""
    warnings.simplefilter("ignore")
    import supervision
    import trackers  # pyright: ignore[reportMissingImports]

    tracker: Any = getattr(trackers, name)()
    followed = []
    for found in frames:
        count = len(found.poses)
        boxes = supervision.Detections(
            xyxy=found.poses.boxes.astype(float),
            confidence=found.poses.scores.copy(),
            class_id=np.zeros(count, int),
            data={"row": np.arange(count)},
        )
        known, ids = tracker.update(boxes), np.full(count, -1, np.int64)
        if len(known):
            ids[known.data["row"]] = known.tracker_id
        followed.append(Tracks(found.poses, ids))
    return followed


if __name__ == "__main__":
    main()

"""What a pose network would make of a scene: jitter, gaps, guesses, ghosts, doubles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crowds.scenes import SIZE, Scene
from posestream.topology import COCO_17
from posestream.types import Poses

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Faults:
    """How far a network is from perfect."""

    jitter: float = 0.003
    """Standard deviation of a keypoint that is seen, in body heights, each axis."""
    guess: float = 0.03
    """The same of a keypoint that is not seen."""
    guessed: float = 0.6
    """Share of unseen keypoints that the network guesses; the others are missing."""
    missed: float = 0.02
    """Share of seen keypoints that are missing."""
    swapped: float = 0.01
    """Share of people whose left and right legs change places."""
    dropped: float = 0.02
    """Share of people who are overlooked for no reason, frame by frame."""
    lapses_per_s: float = 0.05
    """How often somebody is overlooked for a fifth of a second."""
    ghosts_per_frame: float = 0.05
    """How often somebody is found who is not there."""
    doubles: float = 0.01
    """Share of people who are found twice."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the network says about one frame."""

    poses: Poses
    """Everyone it found."""
    people: npt.NDArray[np.int64]
    """``(P,)`` who it is; -1 for a ghost or a double."""


PERFECT = Faults(0, 0, 1, 0, 0, 0, 0, 0, 0)


def look(scene: Scene, *, seed: int, faults: Faults = Faults()) -> list[Found]:
    """Return what a network finds in each frame of a scene."""
    rng = np.random.default_rng(seed)
    count, people = scene.heights.shape
    step_s = scene.times_s[1] - scene.times_s[0]
    lapsing = np.zeros(people)
    frames = []
    for t in range(count):
        lapsing = np.maximum(lapsing - step_s, 0)
        lapsing[rng.random(people) < faults.lapses_per_s * step_s] = 0.2
        shown = scene.seen[t].mean(axis=1)
        chance = np.clip((shown - 0.15) / 0.2, 0, 1) * (1 - faults.dropped) * (lapsing <= 0)
        who = np.flatnonzero(rng.random(people) < chance)
        points, scores = _keypoints(rng, scene, t, who, faults)
        doubled = rng.random(len(who)) < faults.doubles
        tall = scene.heights[t, who, None, None]
        twins = points + rng.normal(0, 0.02, points.shape) * tall
        ghosts = _ghosts(rng, rng.poisson(faults.ghosts_per_frame))
        points = np.concatenate([points, twins[doubled], ghosts])
        weak = rng.uniform(0.1, 0.4, (len(ghosts), 17))
        scores = np.concatenate([scores, 0.7 * scores[doubled], weak])
        names = np.concatenate([who, np.full(doubled.sum() + len(ghosts), -1)])
        frames.append(_frame(points, scores, names))
    return frames


def _keypoints(
    rng: np.random.Generator, scene: Scene, t: int, who: npt.NDArray[np.intp], faults: Faults
) -> tuple[Array, Array]:
    """Return keypoints and scores of the people it finds; NaN and 0 where missing."""
    seen = scene.seen[t, who]
    spread = np.where(seen, faults.jitter, faults.guess) * scene.heights[t, who, None]
    heavy = np.where(rng.random(seen.shape) < 0.05, 3.0, 1.0)
    points = (
        scene.keypoints[t, who] + rng.normal(0, 1, (*seen.shape, 2)) * (spread * heavy)[..., None]
    )
    scores = np.where(seen, rng.uniform(0.5, 0.95, seen.shape), rng.uniform(0.05, 0.3, seen.shape))
    swap = rng.random(len(who)) < faults.swapped
    for a, b in COCO_17.flip_pairs[-3:]:
        points[swap, a], points[swap, b] = points[swap, b], points[swap, a]
    lost = np.where(
        seen, rng.random(seen.shape) < faults.missed, rng.random(seen.shape) > faults.guessed
    )
    lost |= ~scene.inside[t, who]
    points[lost], scores[lost] = np.nan, 0
    return points, scores


def _ghosts(rng: np.random.Generator, count: int) -> Array:
    """Return ``(count, 17, 2)`` heaps of keypoints anywhere."""
    tall = rng.uniform(60, 250, (count, 1, 1))
    middle = rng.uniform((0, 0), SIZE, (count, 1, 2))
    return middle + rng.uniform((-0.2, -0.5), (0.2, 0.5), (count, 17, 2)) * tall


def _frame(points: Array, scores: Array, names: npt.NDArray[np.int64]) -> Found:
    found = np.isfinite(points[..., 0])
    kept = found.sum(axis=1) >= 3
    points, scores, names, found = points[kept], scores[kept], names[kept], found[kept]
    confidence = scores.mean(axis=1)
    order = np.argsort(-confidence, kind="stable")
    points, scores, found = points[order], scores[order], found[order]
    low = np.where(found[..., None], points, np.inf).min(axis=1)
    high = np.where(found[..., None], points, -np.inf).max(axis=1)
    boxes = np.concatenate([low, high], axis=1).reshape(-1, 4)
    poses = Poses(*(a.astype(np.float32) for a in (points, scores, confidence[order], boxes)))
    return Found(poses, names[order].astype(np.int64))

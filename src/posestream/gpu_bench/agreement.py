"""Do two runs find the same people?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.config import Config
from posestream.gpu_bench.apart import Tell
from posestream.models.registry import find_model
from posestream.pipeline import run
from posestream.topology import Topology

SURE_SCORE = 0.4
"""Least score of people whose absence in the other run means something: others come and go."""
_SAME_OKS = 0.5
_CLOSE_OKS = 0.99
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Everyone in one frame."""

    keypoints: Floats
    """``(P, K, 3)`` x, y and score; score 0 where a keypoint was not found."""
    scores: Floats
    """``(P,)`` confidence in each."""


@dataclass(slots=True)
class Agreement:
    """How alike the people of two runs are."""

    frames: int = 0
    """Frames compared."""
    alike: list[float] = field(default_factory=list)
    """OKS of each pair of people."""
    alone: list[int] = field(default_factory=lambda: [0, 0])
    """Sure people of the first and of the second run whom the other does not have."""

    def figures(self) -> dict[str, Any]:
        """Return plain JSON values."""
        oks = np.array(self.alike)
        empty = not len(oks)
        return {
            "frames": self.frames,
            "pairs": len(oks),
            "oks_mean": None if empty else round(float(oks.mean()), 5),
            "oks_least": None if empty else round(float(oks.min()), 4),
            "share_over_0.99": None if empty else round(float((oks > _CLOSE_OKS).mean()), 4),
            "only_on_device": self.alone[0],
            "only_on_cpu": self.alone[1],
        }


def agreement(tell: Tell, on_device: Config, on_cpu: Config) -> dict[str, Any]:
    """Run a clip twice and compare who was found.

    Args:
        tell: Told what happens.
        on_device: One input; writes ``poses.jsonl``.
        on_cpu: The same, to another folder.

    Raises:
        PosestreamError: If a run fails.
    """
    estimators = []
    for place, config in (("the device", on_device), ("the CPU", on_cpu)):
        tell(f"finding people on {place}")
        estimators.append(run(config).estimator)
    first, second = (config.output / "poses.jsonl" for config in (on_device, on_cpu))
    topology = find_model(on_cpu.estimator.model, card=on_cpu.estimator.card).topology
    return compare(first, second, topology).figures() | {"estimators": estimators}


def compare(first: Path, second: Path, topology: Topology) -> Agreement:
    """Compare the people of two files of poses, frame by frame, as far as both go.

    Args:
        first: A ``poses.jsonl``.
        second: Another, of the same video.
        topology: Names the keypoints and knows how far each spreads.
    """
    found = Agreement()
    sigmas = np.array(topology.sigmas, np.float64)
    for ours, theirs in zip(_people(first, topology), _people(second, topology), strict=False):
        found.frames += 1
        _compare(ours, theirs, sigmas, found)
    return found


def keypoint_similarity(ours: Floats, theirs: Floats, sigmas: Floats) -> float:
    """Return the OKS of two people, over the keypoints that both have.

    Args:
        ours: ``(K, 3)`` x, y and score.
        theirs: The same of the other, whose extent is the scale.
        sigmas: ``(K,)`` spread of each keypoint.

    Returns:
        From 0 to 1; 0 where they share no keypoint.

    Source:
        https://cocodataset.org/#keypoints-eval, the area taken from the keypoints' box.
    """
    both = (ours[:, 2] > 0) & (theirs[:, 2] > 0)
    if not both.any():
        return 0.0
    there = theirs[theirs[:, 2] > 0, :2]
    area = max(float(np.prod(np.ptp(there, axis=0))), 1.0)
    square = ((ours[both, :2] - theirs[both, :2]) ** 2).sum(axis=1)
    return float(np.exp(-square / (2 * area * (2 * sigmas[both]) ** 2)).mean())


def _compare(ours: People, theirs: People, sigmas: Floats, found: Agreement) -> None:
    """Pair the people of a frame, the most alike first."""
    table = np.array(
        [[keypoint_similarity(a, b, sigmas) for b in theirs.keypoints] for a in ours.keypoints]
    ).reshape(len(ours.scores), len(theirs.scores))
    left = (set(range(len(ours.scores))), set(range(len(theirs.scores))))
    for place in np.argsort(-table, axis=None):
        row, column = (int(n) for n in np.unravel_index(place, table.shape))
        if table[row, column] < _SAME_OKS:
            break
        if row in left[0] and column in left[1]:
            left[0].discard(row)
            left[1].discard(column)
            found.alike.append(float(table[row, column]))
    for side, (rest, people) in enumerate(zip(left, (ours, theirs), strict=True)):
        found.alone[side] += sum(bool(people.scores[person] >= SURE_SCORE) for person in rest)


def _people(path: Path, topology: Topology) -> Iterator[People]:
    """Yield everyone in each frame of a ``poses.jsonl``."""
    nowhere = (0.0, 0.0, 0.0)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            people = json.loads(line)["people"]
            keypoints = [
                [person["keypoints"].get(name) or nowhere for name in topology.keypoints]
                for person in people
            ]
            yield People(
                np.array(keypoints, np.float64).reshape(-1, len(topology.keypoints), 3),
                np.array([person["score"] for person in people], np.float64),
            )

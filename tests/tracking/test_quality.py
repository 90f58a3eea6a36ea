"""How well made-up crowds are followed; the bars are under what was measured, not at it."""

import numpy as np
import pytest
from crowds.network import PERFECT, look
from crowds.scenes import SIZE, walking_scene
from crowds.scoring import Score, score

from posestream.topology import COCO_17
from posestream.tracking import PoseTracker
from posestream.types import Tracks


def followed(people, *, seed, seconds=8.0, fps=30.0, **faults) -> Score:
    scene = walking_scene(people, seed=seed, seconds=seconds, fps=fps)
    tracker = PoseTracker(COCO_17)
    tracks = [
        tracker.update(found.poses, float(t), size=SIZE).tracks
        for found, t in zip(look(scene, seed=seed, **faults), scene.times_s, strict=True)
    ]
    return score(scene, tracks)


def test_the_truth_scores_one():
    scene = walking_scene(5, seed=3, seconds=3, shake_px=0, pillars=0)
    found = look(scene, seed=0, faults=PERFECT)
    everyone = np.arange(5)
    assert all(set(frame.people.tolist()) <= set(everyone.tolist()) for frame in found)
    result = score(scene, [Tracks(frame.poses, frame.people) for frame in found])
    assert result.hota > 0.97
    assert result.switches == 0


def test_switched_identities_cost_association_only():
    scene = walking_scene(2, seed=3, seconds=3, shake_px=0, pillars=0)
    found = look(scene, seed=0, faults=PERFECT)
    tracks = [
        Tracks(f.poses, np.where(f.people >= 0, (f.people + (n > 45)) % 2, -1))
        for n, f in enumerate(found)
    ]
    result = score(scene, tracks)
    assert result.deta > 0.97
    assert result.assa < 0.75
    assert result.switches >= 1


@pytest.mark.parametrize(("people", "bar"), [(1, 0.93), (2, 0.93), (5, 0.9), (10, 0.88)])
def test_crowds_are_followed(people, bar):
    results = [followed(people, seed=2000 + seed) for seed in range(3)]
    assert np.mean([result.hota for result in results]) > bar


def test_half_the_frame_rate_costs_little():
    full = np.mean([followed(5, seed=3000 + s).hota for s in range(3)])
    half = np.mean([followed(5, seed=3000 + s, fps=12.5).hota for s in range(3)])
    assert half > full - 0.1

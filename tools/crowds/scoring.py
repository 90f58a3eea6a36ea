"""HOTA, IDF1 and MOTA of tracks against the truth of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import motrics
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from crowds.scenes import Scene
from posestream.topology import COCO_17
from posestream.types import Tracks

Array = npt.NDArray[np.float64]

_BODY_SHARE = 0.53
"""Area of a body as a share of its box."""
_SEEN = 0.25
"""Share of the keypoints of which somebody must show to be counted."""
_SAME = 0.5
"""Similarity from which a track follows somebody."""


@dataclass(frozen=True, slots=True)
class Score:
    """How well tracks follow the truth."""

    hota: float
    """Higher order tracking accuracy, over all thresholds of similarity."""
    deta: float
    """Its part of detection."""
    assa: float
    """Its part of association."""
    idf1: float
    """Share of people and time under the right identity."""
    mota: float
    """1 less misses, ghosts and switches, as a share of the truth."""
    switches: int
    """How often a person's identity changes."""


def score(scene: Scene, tracks: Sequence[Tracks]) -> Score:
    """Compare tracks with everyone who can be seen, by the OKS of their keypoints.

    People without an identity (-1) do not count. Of whom less than a quarter is seen, nobody has
    to be tracked, and tracks that follow them are not counted as wrong, as in MOTChallenge.

    Args:
        scene: The truth.
        tracks: One for each of its frames.

    Source:
        Luiten et al. 2021, HOTA; Ristani et al. 2016, IDF1; Bernardin and Stiefelhagen 2008, MOTA.
    """
    true_ids, ids, likeness = [], [], []
    for t, found in enumerate(tracks):
        here = np.flatnonzero(scene.present[t])
        counted = scene.seen[t, here].mean(axis=1) >= _SEEN
        named = np.flatnonzero(found.ids >= 0)
        alike = oks(scene, t, here, found.poses.keypoints[named])
        kept = ~_follow(alike, ~counted)
        true_ids.append(here[counted].tolist())
        ids.append(found.ids[named[kept]].tolist())
        likeness.append(alike[counted][:, kept].tolist())
    hota = motrics.compute_hota_from_similarity(true_ids, ids, likeness)
    clear = motrics.compute_clear_from_similarity(true_ids, ids, likeness)
    identity = motrics.compute_identity_from_similarity(true_ids, ids, likeness)
    return Score(
        hota.hota, hota.deta, hota.assa, identity.idf1, clear.mota, int(clear.num_switches)
    )


def oks(
    scene: Scene, t: int, people: npt.NDArray[np.intp], keypoints: npt.NDArray[np.float32]
) -> Array:
    """Return ``(people, P)`` object keypoint similarities.

    Keypoints count that are seen and have a place in the pose, at least three; of somebody who is
    hidden, all those in the picture.
    """
    truth, seen = scene.keypoints[t, people], scene.seen[t, people]
    hidden = seen.mean(axis=1) < _SEEN
    seen = np.where(hidden[:, None], scene.inside[t, people], seen)
    counted = seen[:, None] & np.isfinite(keypoints[None, ..., 0])
    area = _BODY_SHARE * np.ptp(truth, axis=1).prod(axis=1)
    area = np.maximum(area, (0.3 * np.ptp(truth[..., 1], axis=1)) ** 2)
    spread = 2 * (2 * np.array(COCO_17.sigmas)) ** 2 * area[:, None]
    square = ((truth[:, None] - np.nan_to_num(keypoints[None])) ** 2).sum(axis=3)
    alike = np.exp(-square / spread[:, None])
    count = counted.sum(axis=2)
    return np.where(count >= 3, (alike * counted).sum(axis=2) / np.maximum(count, 1), 0)


def _follow(alike: Array, uncounted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Say which ``(P,)`` tracks belong to people who do not count."""
    rows, columns = linear_sum_assignment(alike, maximize=True)
    followers = np.zeros(alike.shape[1], bool)
    followers[columns] = uncounted[rows] & (alike[rows, columns] >= _SAME)
    return followers

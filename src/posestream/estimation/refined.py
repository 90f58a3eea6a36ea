"""Look at each person found once more, with a network made for one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.batching.regions import Region
from posestream.decoding.centers_suppression import extent_area, tolerances
from posestream.estimation import Estimator
from posestream.estimation.merging import concatenated, distinct, with_scores
from posestream.estimation.passes import Pass
from posestream.images import Image
from posestream.topology import Topology
from posestream.types import Poses

_INPUT_SIZE = (256, 256)
_SEEN = 0.1  # keypoints under this say nothing about where the person is
_LEAST_SIDE = 16.0  # frame pixels
_UNREFINED = 0.2  # factor on the score of whoever was refused, or not worth the run
_EVENING = 0.7  # power that brings scores back to where they were as precise before refinement
Floats = npt.NDArray[np.float32]


class RefinedEstimator:
    """Lets a single-person network place the keypoints; several threads may call it at once.

    The network sees a square around each person. It sometimes sees somebody else there, so its
    pose counts only where it resembles the first one; how much it does is the best sign there is
    of whether a pose is right, and becomes part of its score.
    """

    def __init__(
        self,
        people: Estimator,
        network: Pass,
        *,
        least_score: float = 0.1,
        crop_scale: float = 1.4,
        agreement: float = 0.5,
        suppression: float = 0.7,
    ) -> None:
        """Put the parts together.

        Args:
            people: Finds the people.
            network: Sees one person at a time and finds nobody else.
            least_score: People under this are left as they are: each costs a run of the network.
            crop_scale: Side of the square, in longer sides of the keypoints' extent.
            agreement: Similarity to the first pose, with doubled tolerances, under which the
                refined pose is refused.
            suppression: Similarity from which the lesser of two refined people is left out.
        """
        self._people = people
        self._network = network
        self._least_score = least_score
        self._crop_scale = crop_scale
        self._agreement = agreement
        self._suppression = suppression
        self._sigmas = tolerances(people.topology)

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._people.topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return f"each person refined, {self._people.description}"

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        found = self._people.estimate(images)
        worth = [int((poses.scores >= self._least_score).sum()) for poses in found]
        regions = [
            _square(poses.keypoints[p], poses.keypoint_scores[p], place, self._crop_scale)
            for place, (poses, count) in enumerate(zip(found, worth, strict=True))
            for p in range(count)
        ]
        refined = self._refined(images, regions)
        ends = np.cumsum(worth)
        return [
            self._combined(poses, refined[end - count : end])
            for poses, count, end in zip(found, worth, ends, strict=True)
        ]

    def _refined(self, images: Sequence[Image], regions: Sequence[Region]) -> Floats:
        """Return ``(N, K, 3)`` x, y in frame pixels and score of the person in each region.

        A keypoint that was not found is at the corner, with score 0; of nobody, all are.
        """
        refined = np.zeros((len(regions), len(self._sigmas), 3), np.float32)
        squares = [region.filling(_INPUT_SIZE) for region in regions]
        for row, square, person in zip(
            refined, squares, self._network.look(images, squares), strict=True
        ):
            if len(person):
                row[:, :2] = np.nan_to_num(person.keypoints[0])
                row[:, 2] = np.clip(person.keypoint_scores[0], 0, 1)
            row[:, :2] += square.corner
        return refined

    def _combined(self, poses: Poses, refined: Floats) -> Poses:
        """Fuse first and refined poses of a frame; the rest keeps its place under them."""
        first, rest = poses[: len(refined)], poses[len(refined) :]
        points, seen = refined[:, :, :2], refined[:, :, 2]
        near = self._nearness(first.keypoints, points, tolerance=2)
        closely = _agreement(near, first.keypoint_scores * seen)
        loose = self._nearness(first.keypoints, points, tolerance=4)
        loosely = _agreement(loose, first.keypoint_scores * seen)
        agreed = loosely >= self._agreement
        trust = np.where(agreed, (0.2 + closely) * (0.2 + loosely) / 1.44, _UNREFINED)
        fused = _fused(first, points, seen, near)
        chosen = Poses(
            np.where(agreed[:, None, None], fused, first.keypoints),
            np.where(agreed[:, None], seen, first.keypoint_scores),
            (first.scores * trust).astype(np.float32),
            first.boxes,
        )
        together = concatenated([chosen, with_scores(rest, rest.scores * _UNREFINED)])
        together = with_scores(together, together.scores**_EVENING)
        return distinct(together, self._sigmas, suppression=self._suppression)

    def _nearness(self, points: Floats, others: Floats, *, tolerance: float) -> Floats:
        """Return ``(P, K)`` similarity of keypoints, 1 where equal.

        Args:
            points: ``(P, K, 2)`` frame pixels; their extent gives the person's size.
            others: ``(P, K, 2)`` frame pixels.
            tolerance: In sigmas of human annotation; OKS takes 2.
        """
        squares = np.square(points - others).sum(axis=2)
        areas = np.array([extent_area(person) for person in points]).reshape(-1, 1)
        return np.exp(-squares / (2 * areas * (tolerance * self._sigmas) ** 2)).astype(np.float32)


def _square(points: Floats, scores: Floats, image: int, scale: float) -> Region:
    """Return a square around a person's keypoints that are seen."""
    seen = scores >= min(_SEEN, float(np.sort(scores)[-3:][0]))
    low, high = points[seen].min(axis=0), points[seen].max(axis=0)
    side = max(float((high - low).max()) * scale, _LEAST_SIDE)
    left, top = (round(float(middle) - side / 2) for middle in (low + high) / 2)
    return Region(image, left, top, left + round(side), top + round(side))


def _agreement(near: Floats, weight: Floats) -> Floats:
    """Average ``(P, K)`` nearness over keypoints, each counting as much as both see it."""
    return np.asarray((near * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-6))


def _fused(first: Poses, points: Floats, seen: Floats, near: Floats) -> Floats:
    """Average keypoints by score; the first counts less the farther it is."""
    weight = (first.keypoint_scores * near)[..., None]
    total = np.maximum(weight + seen[..., None], 1e-6)
    fused = (first.keypoints * weight + points * seen[..., None]) / total
    return fused.astype(np.float32)

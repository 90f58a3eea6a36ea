"""Find people, then place each one's keypoints with a network made for one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posestream.batching.crops import Crop
from posestream.batching.people import plan_crop
from posestream.estimation import Estimator
from posestream.estimation.merging import concatenated, with_scores
from posestream.estimation.passes import Pass
from posestream.geometry import Size
from posestream.images import Image
from posestream.topology import Topology
from posestream.types import Poses


class TopDownEstimator:
    """Crops every person and lets a second network look; several threads may call it at once.

    Only the boxes of the first network count, so both may have any keypoints. A person's score is
    the first network's times the mean score of the keypoints.
    """

    def __init__(
        self,
        people: Estimator,
        network: Pass,
        topology: Topology,
        *,
        input_size: Size,
        padding: float = 1.25,
        min_score: float = 0.0,
        max_people: int = 100,
    ) -> None:
        """Put the parts together.

        Args:
            people: Finds the people.
            network: Sees one person at a time, and finds at most one.
            topology: What its keypoints mean.
            input_size: Width and height of the second network's input.
            padding: Sides of a crop in sides of the person's box, widened to the input's aspect.
            min_score: Least score of a person.
            max_people: Crops per picture at most, of the best people.

        Raises:
            ValueError: If a setting is out of range.
        """
        if max_people < 1 or padding < 1 or not 0 <= min_score <= 1:
            raise ValueError(f"out of range: {max_people}, {padding}, {min_score}")
        self._people = people
        self._network = network
        self._topology = topology
        self._input_size = input_size
        self._padding = padding
        self._min_score = min_score
        self._max_people = max_people

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        width, height = self._input_size
        network = f"{width}x{height} per person, {self._network.description}"
        return f"{network}, people found by: {self._people.description}"

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        crops: list[Crop] = []
        firsts: list[tuple[float, np.ndarray]] = []
        for place, (image, poses) in enumerate(
            zip(images, self._people.estimate(images), strict=True)
        ):
            for box, score in zip(poses.boxes, poses.scores[: self._max_people], strict=False):
                crop = plan_crop(
                    box, place, image.size, input_size=self._input_size, padding=self._padding
                )
                if crop is not None:
                    crops.append(crop)
                    firsts.append((float(score), box))
        seconds = self._network.look(images, crops)
        found: list[list[Poses]] = [[] for _ in images]
        for crop, (score, box), person in zip(crops, firsts, seconds, strict=True):
            found[crop.image].append(_in_frame(person, crop, score, box))
        return [self._ranked(parts) for parts in found]

    def _ranked(self, parts: Sequence[Poses]) -> Poses:
        everyone = concatenated([Poses.empty(len(self._topology.keypoints)), *parts])
        ranked = with_scores(everyone, everyone.scores)
        return ranked[ranked.scores >= self._min_score]


def _in_frame(person: Poses, crop: Crop, score: float, box: np.ndarray) -> Poses:
    """Move a person found in a crop to the frame, into the box where the person was found."""
    first = float(np.nan_to_num(score, nan=0, posinf=0, neginf=0))
    return Poses(
        person.keypoints + crop.corner,
        person.keypoint_scores,
        (person.scores * np.clip(first, 0, 1)).astype(np.float32),
        np.tile(box, (len(person), 1)).astype(np.float32),
    )

"""Find people, then place each one's keypoints with a network made for one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posestream.batching.people import Crop, cropped_people, plan_crop
from posestream.decoding import Decoder
from posestream.estimation import Estimator
from posestream.estimation.merging import concatenated, with_scores
from posestream.geometry import Size
from posestream.images import Image
from posestream.inference import Backend
from posestream.topology import Topology
from posestream.types import Fields, Poses


class TopDownEstimator:
    """Crops every person and lets a second network look; several threads may call it at once.

    Only the boxes of the first network count, so both may have any keypoints. A person's score is
    the first network's times the mean score of the keypoints.
    """

    def __init__(
        self,
        people: Estimator,
        backend: Backend,
        decoder: Decoder,
        topology: Topology,
        *,
        input_size: Size,
        padding: float = 1.25,
        pad_value: int = 0,
        min_score: float = 0.0,
        max_people: int = 100,
        batch_size: int = 1,
    ) -> None:
        """Put the parts together.

        Args:
            people: Finds the people.
            backend: Sees one person at a time.
            decoder: Understands it; finds at most one person in each input.
            topology: What the decoder's keypoints mean.
            input_size: Width and height of the second network's input.
            padding: Sides of a crop in sides of the person's box, widened to the input's aspect.
            pad_value: What a crop is filled with outside the picture, 0 to 255.
            min_score: Least score of a person.
            max_people: Crops per picture at most, of the best people.
            batch_size: Crops per run of the network at most, also of several pictures. Networks
                on CPUs gain nothing from more than 1, and are compiled anew for each number.

        Raises:
            ValueError: If a setting is out of range.
        """
        if batch_size < 1 or max_people < 1 or padding < 1 or not 0 <= min_score <= 1:
            raise ValueError(f"out of range: {batch_size}, {max_people}, {padding}, {min_score}")
        self._people = people
        self._backend = backend
        self._decoder = decoder
        self._topology = topology
        self._input_size = input_size
        self._padding = padding
        self._pad_value = pad_value
        self._min_score = min_score
        self._max_people = max_people
        self._batch_size = batch_size

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        width, height = self._input_size
        network = f"{width}x{height} per person, {self._backend.description}"
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
        seconds = self._placed(images, crops)
        found: list[list[Poses]] = [[] for _ in images]
        for crop, (score, box), person in zip(crops, firsts, seconds, strict=True):
            found[crop.image].append(_in_frame(person, crop, score, box))
        return [self._ranked(parts) for parts in found]

    def _placed(self, images: Sequence[Image], crops: Sequence[Crop]) -> list[Poses]:
        """Return who is in each crop, at most one person, in pixels of the crop."""
        placed: list[Poses] = []
        for _, batch in cropped_people(
            images, crops, pad_value=self._pad_value, batch_size=self._batch_size
        ):
            fields = Fields(self._backend.infer(batch.pixels), batch.letterboxes)
            placed += self._decoder.decode(fields)
        return placed

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

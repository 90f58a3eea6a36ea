"""Leave out people nobody should hear of."""

from __future__ import annotations

from collections.abc import Sequence

from posestream.estimation import Estimator
from posestream.images import Image
from posestream.topology import Topology
from posestream.types import Poses


class ConfidentEstimator:
    """Keeps the people of another estimator whose score is high enough."""

    def __init__(self, people: Estimator, *, min_score: float) -> None:
        """Put a threshold behind an estimator.

        Args:
            people: Finds the people.
            min_score: Least score of a person, in [0, 1].

        Raises:
            ValueError: If the threshold is out of range.
        """
        if not 0 <= min_score <= 1:
            raise ValueError(f"min_score must be in [0, 1], not {min_score}")
        self._people = people
        self._min_score = min_score

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._people.topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return self._people.description

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        found = self._people.estimate(images)
        return [poses[poses.scores >= self._min_score] for poses in found]

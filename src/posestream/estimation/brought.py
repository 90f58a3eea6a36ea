"""Bring pictures to where the networks run, once for all passes over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from posestream.estimation import Estimator
from posestream.images import Image
from posestream.topology import Topology
from posestream.types import Poses


class BroughtEstimator:
    """Shows another estimator pictures where it can see them.

    Args:
        people: Finds the people.
        bring: Returns the same picture in the right memory; a picture that is there already stays
            as it is.
    """

    def __init__(self, people: Estimator, *, bring: Callable[[Image], Image]) -> None:
        self._people = people
        self._bring = bring

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
        return self._people.estimate([self._bring(image) for image in images])

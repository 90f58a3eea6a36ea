"""Pictures in, people out: batching, inference and decoding put together.

The only package between the stages and the pipeline. A profile (``fast``, ``balanced``,
``accurate``) is a recipe of passes over the same pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from posestream.images import Image
from posestream.topology import Topology
from posestream.types import Poses


class Estimator(Protocol):
    """Finds people in pictures; several threads may call it at once."""

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        ...

    @property
    def description(self) -> str:
        """What really runs, for people: model, profile, library, device, precision."""
        ...

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        ...

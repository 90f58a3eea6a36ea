"""Find people in one pass of one network over whole frames."""

from __future__ import annotations

from collections.abc import Sequence

from posestream.batching.crops import Crop
from posestream.estimation.passes import Pass
from posestream.geometry import InputRule
from posestream.images import Image
from posestream.topology import Topology
from posestream.types import Poses


class SinglePassEstimator:
    """Shows a network whole frames; several threads may call it at once.

    Args:
        network: Sees the frames.
        topology: What its keypoints mean.
        rule: How frames become inputs.
    """

    def __init__(self, network: Pass, topology: Topology, *, rule: InputRule) -> None:
        self._network = network
        self._topology = topology
        self._rule = rule

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return f"{self._rule}, {self._network.description}"

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        frames = [Crop.whole(place, image.size, self._rule) for place, image in enumerate(images)]
        return self._network.look(images, frames)

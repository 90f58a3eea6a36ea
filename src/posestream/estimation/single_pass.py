"""Find people in one pass of one network over whole frames."""

from __future__ import annotations

from collections.abc import Sequence

from posestream.batching.letterboxed import letterboxed
from posestream.decoding import Decoder
from posestream.geometry import InputRule
from posestream.images import Image
from posestream.inference import Backend
from posestream.topology import Topology
from posestream.types import Fields, Poses


class SinglePassEstimator:
    """Resize, run the network, decode; several threads may call it at once."""

    def __init__(
        self,
        backend: Backend,
        decoder: Decoder,
        topology: Topology,
        *,
        rule: InputRule,
        batch_size: int = 1,
    ) -> None:
        """Put the parts together.

        Args:
            backend: The network.
            decoder: Understands its maps.
            topology: What the decoder's keypoints mean.
            rule: How frames become inputs.
            batch_size: Frames per run of the network at most. Networks on CPUs gain nothing from
                more than 1, and are compiled anew for each number.

        Raises:
            ValueError: If the batch size is under 1.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self._backend = backend
        self._decoder = decoder
        self._topology = topology
        self._rule = rule
        self._batch_size = batch_size

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return f"{self._rule}, {self._backend.description}"

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        found: dict[int, Poses] = {}
        for places, batch in letterboxed(images, self._rule, batch_size=self._batch_size):
            fields = Fields(self._backend.infer(batch.pixels), batch.letterboxes)
            found.update(zip(places, self._decoder.decode(fields), strict=True))
        return [found[place] for place in range(len(images))]

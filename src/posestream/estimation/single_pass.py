"""Find people in one pass of one network over whole frames."""

from __future__ import annotations

from collections.abc import Sequence

from posestream.batching.letterboxed import letterboxed
from posestream.decoding import Decoder
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
        long_side: int,
        multiple: int = 32,
        max_stretch: float = 0.0,
        batch_size: int = 1,
    ) -> None:
        """Put the parts together.

        Args:
            backend: The network.
            decoder: Understands its maps.
            topology: What the decoder's keypoints mean.
            long_side: Long side of a frame inside the network's input, pixels.
            multiple: What the sides of the input must be divisible by.
            max_stretch: How far a frame may be distorted to fill the input, as a share of a side.
            batch_size: Frames per run of the network at most. Networks on CPUs gain nothing from
                more than 1, and are compiled anew for each number.

        Raises:
            ValueError: If a number is under 1.
        """
        if min(long_side, multiple, batch_size) < 1:
            raise ValueError(f"must be at least 1: {long_side=}, {multiple=}, {batch_size=}")
        self._backend = backend
        self._decoder = decoder
        self._topology = topology
        self._long_side = long_side
        self._multiple = multiple
        self._max_stretch = max_stretch
        self._batch_size = batch_size

    @property
    def topology(self) -> Topology:
        """What the keypoint axis of the poses means."""
        return self._topology

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return f"long side {self._long_side}, {self._backend.description}"

    def estimate(self, images: Sequence[Image]) -> list[Poses]:
        """Return everyone in each picture, in its pixels, best first."""
        found: dict[int, Poses] = {}
        for places, batch in letterboxed(
            images,
            long_side=self._long_side,
            multiple=self._multiple,
            batch_size=self._batch_size,
            max_stretch=self._max_stretch,
        ):
            fields = Fields(self._backend.infer(batch.pixels), batch.letterboxes)
            found.update(zip(places, self._decoder.decode(fields), strict=True))
        return [found[place] for place in range(len(images))]

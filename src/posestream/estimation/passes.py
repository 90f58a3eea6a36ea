"""One network's look at pictures, or at parts of them: what every estimator is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from posestream.batching.crops import Crop, cropped
from posestream.decoding import Decoder
from posestream.images import Image
from posestream.inference import Backend
from posestream.types import Fields, Poses


class Pass(Protocol):
    """A network and what understands it, wherever they run.

    Several threads may call `look` at once.
    """

    @property
    def description(self) -> str:
        """What really runs, for people: library, device, precision."""
        ...

    def look(self, images: Sequence[Image], crops: Sequence[Crop]) -> list[Poses]:
        """Return who is in each crop, in pixels of the crop.

        Args:
            images: What the crops are parts of.
            crops: Of any input sizes that the network takes.

        Raises:
            InferenceError: If the network fails.
        """
        ...


class BackendPass:
    """Scales pictures on the CPU, runs a backend, decodes on the CPU.

    Args:
        backend: The network.
        decoder: Understands its outputs.
        pad_value: What inputs are filled with beside pictures, 0 to 255.
        batch_size: Crops per run of the network at most. Networks on CPUs gain nothing from more
            than 1, and are compiled anew for each number.

    Raises:
        ValueError: If the batch size is under 1.
    """

    def __init__(
        self, backend: Backend, decoder: Decoder, *, pad_value: int = 0, batch_size: int = 1
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        self._backend, self._decoder = backend, decoder
        self._pad_value, self._batch_size = pad_value, batch_size

    @property
    def description(self) -> str:
        """What really runs, for people: library, device, precision."""
        return self._backend.description

    def look(self, images: Sequence[Image], crops: Sequence[Crop]) -> list[Poses]:
        """Return who is in each crop, in pixels of the crop."""
        found: dict[int, Poses] = {}
        batches = cropped(images, crops, pad_value=self._pad_value, batch_size=self._batch_size)
        for places, batch in batches:
            fields = Fields(self._backend.infer(batch.pixels), batch.letterboxes)
            found.update(zip(places, self._decoder.decode(fields), strict=True))
        return [found[place] for place in range(len(crops))]

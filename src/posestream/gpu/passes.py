"""One network's look at pictures on a GPU, or at parts of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from posestream.batching.crops import Crop, grouped
from posestream.errors import InferenceError
from posestream.geometry import Size
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.surfaces import Surface
from posestream.images import Image
from posestream.types import Poses


class CropSlot(Protocol):
    """Runs one batch of crops; see `posestream.gpu.slots.Slot`."""

    def start(self, surfaces: Sequence[Surface], crops: Sequence[Crop]) -> None:
        """Start a batch."""
        ...

    def wait(self) -> None:
        """Wait until the surfaces are read no more."""
        ...

    def collect(self) -> list[Poses]:
        """Return who is in each crop."""
        ...


class SlotLender(Protocol):
    """Lends slots of a GPU; see `posestream.gpu.runner.Runner`."""

    @property
    def batch(self) -> int:
        """Most crops at once."""
        ...

    @property
    def device(self) -> int | None:
        """Index of the GPU; None for main memory."""
        ...

    def lend_for(self, input_size: Size) -> CropSlot:
        """Return a slot whose input has a size, waiting until one is free."""
        ...

    def give_back(self, slot: Any) -> None:
        """Take it back."""
        ...


class GpuPass:
    """Scales, runs and decodes on a GPU; several threads may call `look` at once.

    Two threads keep a GPU busy: one batch is understood on the host while the next is computed.

    Args:
        runner: The network on its GPU.
        description: What really runs, for people.
    """

    def __init__(self, runner: SlotLender, *, description: str) -> None:
        self._runner = runner
        self._description = description

    @property
    def description(self) -> str:
        """What really runs, for people: library, device, precision."""
        return self._description

    def look(self, images: Sequence[Image], crops: Sequence[Crop]) -> list[Poses]:
        """Return who is in each crop, in pixels of the crop.

        Args:
            images: `CudaImage`s in the runner's memory.
            crops: Of any input sizes that the network takes.

        Raises:
            InferenceError: If the network fails, or a picture lies elsewhere.
        """
        surfaces = [self._surface(image) for image in images]
        found: dict[int, Poses] = {}
        for places in grouped(crops, batch_size=self._runner.batch):
            part = [crops[place] for place in places]
            people = self._run([surfaces[crop.image] for crop in part], part)
            found.update(zip(places, people, strict=True))
        return [found[place] for place in range(len(crops))]

    def _run(self, surfaces: Sequence[Surface], crops: Sequence[Crop]) -> list[Poses]:
        slot = self._runner.lend_for(crops[0].letterbox.input_size)
        try:
            slot.start(surfaces, crops)
            slot.wait()
            return slot.collect()
        finally:
            self._runner.give_back(slot)

    def _surface(self, image: Image) -> Surface:
        own = self._runner.device
        if not isinstance(image, CudaImage):
            raise InferenceError(f"a picture was not brought to {_place(own)}")
        if image.surface.device != own:
            raise InferenceError(
                f"a picture lies in {_place(image.surface.device)}; allowed: {_place(own)}"
            )
        return image.surface


def _place(device: int | None) -> str:
    return "main memory" if device is None else f"cuda:{device}"

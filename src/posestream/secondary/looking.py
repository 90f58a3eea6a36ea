"""Show a network frames, or people's crops, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from posestream.batching.crops import Crop, cropped
from posestream.batching.regions import Region
from posestream.geometry import InputRule, Letterbox
from posestream.images import Image
from posestream.inference import Backend
from posestream.secondary import Maps
from posestream.secondary.crops import CropRule
from posestream.types import Poses


@dataclass(frozen=True, slots=True)
class View:
    """What one row of a network's answer is about."""

    image: int
    """Place of the picture among those at hand."""
    person: int = -1
    """Row of the person; -1 for the whole picture."""
    region: Region | None = None
    """The person's crop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looker:
    """A network and what it is shown."""

    backend: Backend
    """The network."""
    rule: InputRule
    """How frames or crops become inputs."""
    crops: CropRule | None = None
    """How people are cut out; None to show whole frames."""
    batch_size: int = 8
    """Frames or crops, of any frames at hand, per run of the network at most."""

    def answers(
        self, images: Sequence[Image], poses: Sequence[Poses]
    ) -> Iterator[tuple[list[View], Maps, Sequence[Letterbox]]]:
        """Yield what the network says of each batch, and what its rows are about.

        Raises:
            InferenceError: If the network fails or says what its card does not promise.
        """
        if self.crops is None:
            views = [View(place) for place in range(len(images))]
            crops = [Crop.whole(i, image.size, self.rule) for i, image in enumerate(images)]
        else:
            regions, rows = self.crops.regions(images, poses)
            views = [View(r.image, row, r) for r, row in zip(regions, rows, strict=True)]
            crops = [region.inside(self.rule) for region in regions]
        pad_value = self.rule.pad_value
        batches = cropped(images, crops, pad_value=pad_value, batch_size=self.batch_size)
        for places, batch in batches:
            maps = self.backend.infer(batch.pixels)
            yield [views[place] for place in places], maps, batch.letterboxes

"""Which parts of frames a secondary model looks at when it looks at people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posestream.batching.regions import Region
from posestream.images import Image
from posestream.types import Poses


@dataclass(frozen=True, slots=True, kw_only=True)
class CropRule:
    """How people's boxes become crops."""

    padding: float = 0.1
    """Added on every side, in sides of the box."""
    min_size: int = 16
    """People whose visible box has a shorter side are left out, pixels."""

    def regions(
        self, images: Sequence[Image], poses: Sequence[Poses]
    ) -> tuple[list[Region], list[int]]:
        """Return the crops of everyone large enough, clipped to the frames, and their rows."""
        regions: list[Region] = []
        rows: list[int] = []
        for place, (image, people) in enumerate(zip(images, poses, strict=True)):
            boxes = np.where(np.isfinite(people.boxes), people.boxes, 0).astype(np.float64)
            extent = np.tile(np.array(image.size, np.float64), 2)
            visible = np.clip(boxes, 0, extent)
            sides = visible[:, 2:] - visible[:, :2]
            around = self.padding * np.hstack([-sides, sides])
            corners = np.clip(visible + around, 0, extent)
            corners[:, :2], corners[:, 2:] = np.floor(corners[:, :2]), np.ceil(corners[:, 2:])
            for row in np.flatnonzero(sides.min(axis=1, initial=np.inf) >= max(self.min_size, 1)):
                regions.append(Region(place, *map(int, corners[row])))
                rows.append(int(row))
        return regions, rows

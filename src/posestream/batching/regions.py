"""Parts of frames, scaled into network inputs of one size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox
from posestream.images import Image
from posestream.types import Batch, Poses


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of one of several pictures; it may reach beyond the picture's edges.

    Raises:
        ValueError: If it is empty.
    """

    image: int
    """Place of the picture among those at hand."""
    left: int
    """First column, frame pixels."""
    top: int
    """First row, frame pixels."""
    right: int
    """Column after the last, frame pixels."""
    bottom: int
    """Row after the last, frame pixels."""

    def __post_init__(self) -> None:
        """Check that there is something inside."""
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError(f"region {self} is empty")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, frame pixels."""
        return self.right - self.left, self.bottom - self.top

    def frame_from_region(self, poses: Poses) -> Poses:
        """Move poses found inside the region to where they are in the frame."""
        corner = np.array([self.left, self.top], np.float32)
        return Poses(
            poses.keypoints + corner,
            poses.keypoint_scores,
            poses.scores,
            poses.boxes + np.tile(corner, 2),
        )


def cropped(
    images: Sequence[Image],
    regions: Sequence[Region],
    *,
    input_size: tuple[int, int],
    batch_size: int,
) -> Iterator[tuple[Sequence[Region], Batch]]:
    """Scale regions of pictures into network inputs.

    Args:
        images: What the regions are parts of.
        regions: Regions of the input's aspect ratio; others are squeezed.
        input_size: Width and height of each input, pixels.
        batch_size: Inputs per batch at most.

    Yields:
        The regions of a batch, and the batch, whose letterboxes lead to pixels of the region.
    """
    for start in range(0, len(regions), batch_size):
        part = regions[start : start + batch_size]
        pixels = np.stack([_crop(images[r.image], r, input_size) for r in part])
        boxes = tuple(Letterbox(region.size, input_size, input_size) for region in part)
        yield part, Batch(pixels, boxes)


def _crop(image: Image, region: Region, input_size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    corners = (region.left, region.top, region.right, region.bottom)
    return image.crop_rgb(corners, *input_size)

"""Parts of frames that are looked at on their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from posestream.batching.crops import Crop
from posestream.geometry import InputRule, Letterbox, Size
from posestream.types import Poses


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

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom, frame pixels."""
        return self.left, self.top, self.right, self.bottom

    def filling(self, input_size: Size) -> Crop:
        """Return a crop that fills an input; another aspect ratio than the input's is squeezed."""
        return Crop(self.image, self.corners, Letterbox(self.size, input_size, input_size))

    def inside(self, rule: InputRule) -> Crop:
        """Return a crop that lies in its input as a rule says of frames."""
        return Crop(self.image, self.corners, rule.letterbox(self.size))

    def frame_from_region(self, poses: Poses) -> Poses:
        """Move poses found inside the region to where they are in the frame."""
        corner = np.array([self.left, self.top], np.float32)
        return Poses(
            poses.keypoints + corner,
            poses.keypoint_scores,
            poses.scores,
            poses.boxes + np.tile(corner, 2),
        )

"""Where a frame lies inside a network's input, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A frame scaled into the top left corner of a network input, zeros to its right and below.

    Both scales are kept because sizes are rounded to whole pixels.
    """

    frame_size: tuple[int, int]
    """Width and height of the frame, pixels."""
    content_size: tuple[int, int]
    """Width and height of the scaled frame inside the input, pixels."""
    input_size: tuple[int, int]
    """Width and height of the whole input, pixels."""

    @classmethod
    def fit(cls, frame_size: tuple[int, int], *, long_side: int, multiple: int) -> Letterbox:
        """Scale a frame so that its long side is ``long_side``, then pad to a multiple.

        Raises:
            ValueError: If a size is not positive.
        """
        if min(*frame_size, long_side, multiple) < 1:
            raise ValueError(f"sizes must be positive: {frame_size}, {long_side}, {multiple}")
        scale = long_side / max(frame_size)
        width, height = (max(1, round(side * scale)) for side in frame_size)
        padded = (width + -width % multiple, height + -height % multiple)
        return cls(frame_size, (width, height), padded)

    @property
    def scale(self) -> npt.NDArray[np.float32]:
        """``(2,)`` input pixels per frame pixel, x and y."""
        return np.divide(self.content_size, self.frame_size, dtype=np.float32)

    def frame_from_input(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Turn ``(..., 2)`` points of the input into points of the frame."""
        return (points / self.scale).astype(np.float32, copy=False)

    def input_from_frame(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Turn ``(..., 2)`` points of the frame into points of the input."""
        return (points * self.scale).astype(np.float32, copy=False)

    def frame_from_heatmap(
        self, points: npt.NDArray[np.float32], *, stride: int
    ) -> npt.NDArray[np.float32]:
        """Turn ``(..., 2)`` points in cells, cell ``i`` being ``[i, i + 1)``, into frame pixels."""
        return self.frame_from_input(points * np.float32(stride))

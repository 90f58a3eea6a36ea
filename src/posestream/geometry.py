"""Where a frame lies inside a network's input, and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """A frame scaled into a part of a network input, padding around it.

    Both scales are kept because sizes are rounded to whole pixels.
    """

    frame_size: Size
    """Width and height of the frame, pixels."""
    content_size: Size
    """Width and height of the scaled frame inside the input, pixels."""
    input_size: Size
    """Width and height of the whole input, pixels."""
    offset: Size = (0, 0)
    """Left and top of the scaled frame inside the input, pixels."""

    @classmethod
    def fit(cls, frame_size: Size, *, long_side: int, multiple: int) -> Letterbox:
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

    @classmethod
    def inside(cls, frame_size: Size, input_size: Size) -> Letterbox:
        """Scale a frame, in proportion, as large as it fits into an input.

        Raises:
            ValueError: If a size is not positive.
        """
        if min(*frame_size, *input_size) < 1:
            raise ValueError(f"sizes must be positive: {frame_size}, {input_size}")
        scale = min(whole / part for whole, part in zip(input_size, frame_size, strict=True))
        width, height = (
            min(max(1, round(side * scale)), whole)
            for side, whole in zip(frame_size, input_size, strict=True)
        )
        return cls(frame_size, (width, height), input_size)

    @property
    def scale(self) -> npt.NDArray[np.float32]:
        """``(2,)`` input pixels per frame pixel, x and y."""
        return np.divide(self.content_size, self.frame_size, dtype=np.float32)

    def frame_from_input(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Turn ``(..., 2)`` points of the input into points of the frame."""
        corner = np.array(self.offset, np.float32)
        return ((points - corner) / self.scale).astype(np.float32, copy=False)

    def input_from_frame(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Turn ``(..., 2)`` points of the frame into points of the input."""
        corner = np.array(self.offset, np.float32)
        return (points * self.scale + corner).astype(np.float32, copy=False)

    def frame_from_heatmap(
        self, points: npt.NDArray[np.float32], *, stride: int
    ) -> npt.NDArray[np.float32]:
        """Turn ``(..., 2)`` points in cells, cell ``i`` being ``[i, i + 1)``, into frame pixels."""
        return self.frame_from_input(points * np.float32(stride))


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRule:
    """How a network wants frames of any size: the size of its input, and where a frame lies in it.

    Raises:
        ValueError: If a number is out of range, or there is not exactly one of ``long_side`` and
            ``fixed_size``.
    """

    long_side: int | None = None
    """Long side of a frame inside the input, pixels; the other side follows."""
    fixed_size: Size | None = None
    """Width and height of every input, pixels."""
    multiple: int = 1
    """What the sides of an input with a ``long_side`` must be divisible by."""
    max_stretch: float = 0.0
    """How much wider or higher than in proportion a frame may become if that fills its input;
    infinite where the network was trained on stretched pictures."""
    centered: bool = False
    """Whether padding is the same on both sides instead of right and below."""
    pad_value: int = 0
    """What padding is filled with, in every channel, 0 to 255."""

    def __post_init__(self) -> None:
        """Check that the rule makes sense."""
        if (self.long_side is None) == (self.fixed_size is None):
            raise ValueError("exactly one of long_side and fixed_size must be given")
        sizes = self.fixed_size if self.long_side is None else (self.long_side,)
        if min(*(sizes or ()), self.multiple) < 1:
            raise ValueError(f"must be at least 1: {self}")
        if self.max_stretch < 0 or not 0 <= self.pad_value <= 255:
            raise ValueError(f"out of range: {self}")

    def letterbox(self, frame_size: Size) -> Letterbox:
        """Return where a frame lies in its input."""
        if self.fixed_size is not None:
            box = Letterbox.inside(frame_size, self.fixed_size)
        else:
            long_side = self.long_side or 1
            box = Letterbox.fit(frame_size, long_side=long_side, multiple=self.multiple)
        width, height = (
            whole if whole <= part * (1 + self.max_stretch) else part
            for part, whole in zip(box.content_size, box.input_size, strict=True)
        )
        left, top = 0, 0
        if self.centered:
            left, top = (box.input_size[0] - width) // 2, (box.input_size[1] - height) // 2
        return Letterbox(frame_size, (width, height), box.input_size, (left, top))

    def __str__(self) -> str:
        """Describe the size for people."""
        if self.fixed_size is not None:
            return f"{self.fixed_size[0]}x{self.fixed_size[1]}"
        return f"long side {self.long_side}"

"""NV12 pictures on a GPU as drawing kernels take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

SURFACE = np.dtype(
    [
        ("luma", np.uint64),
        ("chroma", np.uint64),
        *((name, np.int32) for name in ("pitch", "width", "height", "table", "first", "count")),
        ("scale_x", np.float32),
        ("scale_y", np.float32),
    ]
)
"""``Surface`` of ``gpu_surfaces.cu``."""

_SHARES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
"""Weight of red and of blue in luma."""
TABLES = tuple((matrix, full) for matrix in _SHARES for full in (False, True))
"""Matrix and range of each table of colours."""
_NUMBERS = {key: number for number, key in enumerate(TABLES)}


class Colour(Protocol):
    """How luma and chroma become red, green and blue."""

    @property
    def matrix(self) -> str:
        """``bt601``, ``bt709`` or ``bt2020``."""
        ...

    @property
    def full_range(self) -> bool:
        """Whether black is 0 and white 255, rather than 16 and 235."""
        ...


class Picture(Protocol):
    """An NV12 picture in a GPU's memory; whoever has it keeps it until the kernels have run."""

    @property
    def luma(self) -> int:
        """Address of the luma plane."""
        ...

    @property
    def chroma(self) -> int:
        """Address of the plane of half the rows in which blue and red difference take turns."""
        ...

    @property
    def pitch(self) -> int:
        """Bytes from row to row, in both planes."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        ...

    @property
    def colour(self) -> Colour:
        """What the values mean."""
        ...


@dataclass(frozen=True, slots=True)
class Yuv:
    """BT.709 of limited range, unless said otherwise."""

    matrix: str = "bt709"
    """``bt601``, ``bt709`` or ``bt2020``."""
    full_range: bool = False
    """Whether black is 0 and white 255."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a picture, or a picture of whoever does not have one of their own."""

    luma: int
    """Address of its first luma."""
    chroma: int
    """Address of its first chroma."""
    pitch: int
    """Bytes from row to row."""
    size: tuple[int, int]
    """Width and height, pixels; even."""
    colour: Yuv = Yuv()
    """What the values mean."""


def surface_rows(
    pictures: Sequence[Picture], frame_sizes: Sequence[tuple[int, int]], counts: Sequence[int]
) -> npt.NDArray[np.void]:
    """Describe pictures to kernels.

    Args:
        pictures: Where to draw; an odd last row or column is left alone.
        frame_sizes: Width and height of the frames that poses are placed in.
        counts: People on each, who follow one another in the order of the pictures.
    """
    rows = np.zeros(len(pictures), SURFACE)
    # By columns: of many pictures, each costs a fraction of a microsecond.
    for name in ("luma", "chroma", "pitch"):
        rows[name] = [getattr(picture, name) for picture in pictures]
    sizes = np.array([picture.size for picture in pictures]).reshape(-1, 2)
    rows["width"], rows["height"] = (sizes & ~1).T
    rows["table"] = [_NUMBERS[p.colour.matrix, p.colour.full_range] for p in pictures]
    rows["count"] = counts
    rows["first"] = np.cumsum(rows["count"]) - rows["count"]
    rows["scale_x"], rows["scale_y"] = (sizes / np.array(frame_sizes).reshape(-1, 2)).T
    return rows


def colour_table(colours: npt.NDArray[np.uint8], colour: Colour) -> npt.NDArray[np.uint8]:
    """Turn ``(N, 3)`` RGB into YUV of a matrix and range."""
    red_share, blue_share = _SHARES[colour.matrix]
    red, green, blue = (colours / 255).T
    luma = red_share * red + (1 - red_share - blue_share) * green + blue_share * blue
    blue_difference = (blue - luma) / (2 * (1 - blue_share))
    red_difference = (red - luma) / (2 * (1 - red_share))
    black, span, chroma = (0, 255, 255) if colour.full_range else (16, 219, 224)
    planes = (
        black + span * luma,
        128 + chroma * blue_difference,
        128 + chroma * red_difference,
    )
    return np.clip(np.round(np.stack(planes, axis=1)), 0, 255).astype(np.uint8)


def recolour(source: Yuv, target: Yuv) -> npt.NDArray[np.float32]:
    """Return the ``(9,)`` numbers that turn one kind of YUV into another, see ``Recolour``."""
    (black, luma), (new_black, new_luma) = _levels(source), _levels(target)
    # Blue and red difference, each in [-0.5, 0.5], to the luma and the differences they are there.
    rgb = _rgb_of_differences(source.matrix)
    red_share, blue_share = _SHARES[target.matrix]
    shares = np.array([red_share, 1 - red_share - blue_share, blue_share])
    more = shares @ rgb
    blue = (rgb[2] - more) / (2 * (1 - blue_share))
    red = (rgb[0] - more) / (2 * (1 - red_share))
    span, new_span = (255 if c.full_range else 224 for c in (source, target))
    numbers = (
        (black, new_luma / luma, new_black),
        more * new_luma / span,
        blue * new_span / span,
        red * new_span / span,
    )
    return np.concatenate(numbers).astype(np.float32)


def _levels(colour: Colour) -> tuple[int, int]:
    return (0, 255) if colour.full_range else (16, 219)


def _rgb_of_differences(matrix: str) -> npt.NDArray[np.float64]:
    """Return ``(3, 2)``: what blue and red difference add to red, green and blue."""
    red_share, blue_share = _SHARES[matrix]
    green_share = 1 - red_share - blue_share
    to_blue, to_red = 2 * (1 - blue_share), 2 * (1 - red_share)
    green = (-to_blue * blue_share / green_share, -to_red * red_share / green_share)
    return np.array([(0, to_red), green, (to_blue, 0)])

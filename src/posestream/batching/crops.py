"""What networks see of pictures: whole frames or parts of them, scaled into inputs."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.geometry import InputRule, Letterbox, Size
from posestream.images import Image
from posestream.types import Batch


@dataclass(frozen=True, slots=True)
class Crop:
    """Where a part of a picture, or all of it, lies in a network input.

    The rest of the input is padding; there is no more of the picture to be seen beside the part.
    """

    image: int
    """Place of the picture among those at hand."""
    region: tuple[int, int, int, int]
    """Left, top, right, bottom of the part, frame pixels; it may reach beyond the picture."""
    letterbox: Letterbox
    """Leads from the input to pixels of the part."""

    @classmethod
    def whole(cls, image: int, frame_size: Size, rule: InputRule) -> Crop:
        """Return all of a picture, in its input as a rule says.

        Args:
            image: Place of the picture among those at hand.
            frame_size: Width and height of the picture, pixels.
            rule: The size of inputs, and where a picture lies in its own.
        """
        return cls(image, (0, 0, *frame_size), _letterbox(rule, frame_size))

    @property
    def corner(self) -> npt.NDArray[np.float32]:
        """``(2,)`` left and top of the part, frame pixels."""
        return np.array(self.region[:2], np.float32)


@functools.lru_cache(maxsize=1024)
def _letterbox(rule: InputRule, frame_size: Size) -> Letterbox:
    return rule.letterbox(frame_size)  # of frames of a stream, all but the first are known


def grouped(crops: Sequence[Crop], *, batch_size: int) -> Iterator[list[int]]:
    """Yield the places of crops that can be one batch, which is those of one input size.

    Args:
        crops: Of any input sizes.
        batch_size: Crops per batch at most.
    """
    groups: dict[Size, list[int]] = defaultdict(list)
    for place, crop in enumerate(crops):
        groups[crop.letterbox.input_size].append(place)
    for places in groups.values():
        for start in range(0, len(places), batch_size):
            yield places[start : start + batch_size]


def cropped(
    images: Sequence[Image], crops: Sequence[Crop], *, pad_value: int = 0, batch_size: int
) -> Iterator[tuple[list[int], Batch]]:
    """Scale crops, also of several pictures, into network inputs, one batch after another.

    Args:
        images: What the crops are parts of; small ones are scaled up.
        crops: Of any input sizes; what of them lies outside their picture is black.
        pad_value: What inputs are filled with beside the crops, 0 to 255.
        batch_size: Inputs per batch at most.

    Yields:
        The places of a batch's crops in ``crops``, and the batch.
    """
    for places in grouped(crops, batch_size=batch_size):
        part = [crops[place] for place in places]
        width, height = part[0].letterbox.input_size
        pixels = np.full((len(part), height, width, 3), pad_value, np.uint8)
        for picture, crop in zip(pixels, part, strict=True):
            (columns, rows), (left, top) = crop.letterbox.content_size, crop.letterbox.offset
            picture[top : top + rows, left : left + columns] = _pixels(images[crop.image], crop)
        yield places, Batch(pixels, tuple(crop.letterbox for crop in part))


def _pixels(image: Image, crop: Crop) -> npt.NDArray[np.uint8]:
    if crop.region == (0, 0, *image.size):
        return image.resized_rgb(*crop.letterbox.content_size)
    return image.crop_rgb(crop.region, *crop.letterbox.content_size)

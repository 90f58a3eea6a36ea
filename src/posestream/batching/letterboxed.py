"""Whole frames, scaled into network inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from posestream.geometry import Letterbox
from posestream.images import Image
from posestream.types import Batch


def letterboxed(
    images: Sequence[Image],
    *,
    long_side: int,
    multiple: int,
    batch_size: int,
    max_stretch: float = 0.0,
) -> Iterator[tuple[list[int], Batch]]:
    """Group pictures by the network input they need, and yield one batch after another.

    Args:
        images: Any sizes; small ones are scaled up.
        long_side: Long side of every picture inside its input, pixels.
        multiple: What the sides of an input must be divisible by.
        batch_size: Pictures per batch at most.
        max_stretch: How much wider or higher than in proportion a picture may become if that fills
            its input: better a little distorted than smaller beside useless zeros.

    Yields:
        The places of a batch's pictures in ``images``, and the batch.
    """
    groups: dict[tuple[int, int], list[tuple[int, Letterbox]]] = defaultdict(list)
    for place, image in enumerate(images):
        letterbox = Letterbox.fit(image.size, long_side=long_side, multiple=multiple)
        letterbox = _filled(letterbox, max_stretch)
        groups[letterbox.input_size].append((place, letterbox))
    for (width, height), group in groups.items():
        for start in range(0, len(group), batch_size):
            part = group[start : start + batch_size]
            pixels = np.zeros((len(part), height, width, 3), np.uint8)
            for picture, (place, letterbox) in zip(pixels, part, strict=True):
                columns, rows = letterbox.content_size
                picture[:rows, :columns] = images[place].resized_rgb(columns, rows)
            yield [place for place, _ in part], Batch(pixels, tuple(box for _, box in part))


def _filled(letterbox: Letterbox, max_stretch: float) -> Letterbox:
    """Stretch the content over the input where that distorts it little enough."""
    pairs = zip(letterbox.content_size, letterbox.input_size, strict=True)
    width, height = (whole if whole <= part * (1 + max_stretch) else part for part, whole in pairs)
    return replace(letterbox, content_size=(width, height))

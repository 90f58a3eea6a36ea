"""Whole frames, scaled into network inputs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from posestream.geometry import InputRule, Letterbox
from posestream.images import Image
from posestream.types import Batch


def letterboxed(
    images: Sequence[Image], rule: InputRule, *, batch_size: int
) -> Iterator[tuple[list[int], Batch]]:
    """Group pictures by the network input they need, and yield one batch after another.

    Args:
        images: Any sizes; small ones are scaled up.
        rule: The size of inputs, and where a picture lies in its own.
        batch_size: Pictures per batch at most.

    Yields:
        The places of a batch's pictures in ``images``, and the batch.
    """
    groups: dict[tuple[int, int], list[tuple[int, Letterbox]]] = defaultdict(list)
    for place, image in enumerate(images):
        letterbox = rule.letterbox(image.size)
        groups[letterbox.input_size].append((place, letterbox))
    for (width, height), group in groups.items():
        for start in range(0, len(group), batch_size):
            part = group[start : start + batch_size]
            pixels = np.full((len(part), height, width, 3), rule.pad_value, np.uint8)
            for picture, (place, letterbox) in zip(pixels, part, strict=True):
                columns, rows = letterbox.content_size
                left, top = letterbox.offset
                inside = picture[top : top + rows, left : left + columns]
                inside[:] = images[place].resized_rgb(columns, rows)
            yield [place for place, _ in part], Batch(pixels, tuple(box for _, box in part))

"""Parts of frames, each scaled into a network input by the network's own rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from posestream.batching.regions import Region
from posestream.geometry import InputRule, Letterbox
from posestream.images import Image
from posestream.types import Batch


def letterboxed_regions(
    images: Sequence[Image], regions: Sequence[Region], rule: InputRule, *, batch_size: int
) -> Iterator[tuple[list[int], Batch]]:
    """Group regions by the network input they need, and yield one batch after another.

    Args:
        images: What the regions are parts of.
        regions: Of any size; what lies outside its picture is black.
        rule: The size of inputs, and where a region lies in its own.
        batch_size: Regions per batch at most.

    Yields:
        The places of a batch's regions in ``regions``, and the batch, whose letterboxes lead to
        pixels of the region.
    """
    groups: dict[tuple[int, int], list[tuple[int, Letterbox]]] = defaultdict(list)
    for place, region in enumerate(regions):
        letterbox = rule.letterbox(region.size)
        groups[letterbox.input_size].append((place, letterbox))
    for (width, height), group in groups.items():
        for start in range(0, len(group), batch_size):
            part = group[start : start + batch_size]
            pixels = np.full((len(part), height, width, 3), rule.pad_value, np.uint8)
            for picture, (place, letterbox) in zip(pixels, part, strict=True):
                region, (columns, rows) = regions[place], letterbox.content_size
                left, top = letterbox.offset
                corners = (region.left, region.top, region.right, region.bottom)
                crop = images[region.image].crop_rgb(corners, columns, rows)
                picture[top : top + rows, left : left + columns] = crop
            yield [place for place, _ in part], Batch(pixels, tuple(box for _, box in part))

"""Pictures as a network's inputs, at the sizes at which the profiles run it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.batching.crops import Crop, cropped
from posestream.errors import ConfigError, SourceError
from posestream.estimation.profiles import PROFILES
from posestream.images import HostImage, Image
from posestream.models.card import ModelCard
from posestream.sources.images import image_files
from posestream.sources.stills import read_still

MOST_PICTURES = 48
"""Pictures of a folder that are used: more no longer change the ranges."""
Pixels = npt.NDArray[np.uint8]


def read_pictures(folder: Path) -> list[HostImage]:
    """Read the pictures of a folder, `MOST_PICTURES` of them spread evenly if there are more.

    Raises:
        ConfigError: If there is no such folder, or no picture in it can be read.
    """
    if not folder.is_dir():
        raise ConfigError(f"images {str(folder)!r}: no such folder")
    files = image_files(folder)
    chosen = files[:: -(-len(files) // MOST_PICTURES) or 1]
    pictures = []
    for file in chosen:
        try:
            pictures.append(read_still(file))
        except SourceError:
            continue  # folders of photographs have a broken one now and then
    if not pictures:
        raise ConfigError(f"images {str(folder)!r}: none of {len(files)} pictures can be read")
    return pictures


def network_pixels(card: ModelCard, pictures: Sequence[Image]) -> list[Pixels]:
    """Return every picture at every size at which the network is usually run.

    Returns:
        ``(1, H, W, 3)`` RGB arrays; the sizes of a picture follow each other.
    """
    return [pixels for picture in pictures for pixels in _at_every_size(card, picture)]


def usual_long_sides(card: ModelCard) -> tuple[int, ...]:
    """Return the long sides of a network's inputs, in pixels, the smallest first."""
    if card.family == "center":
        sides: Iterable[int] = {
            side for p in PROFILES.values() for side in (p.long_side, *p.looks.input_size)
        }
    else:
        usual = card.input.long_side or max(card.input.fixed_size or (256,))
        if card.input.fixed_size:
            return (usual,)
        sides = {usual, max(card.input.multiple, usual * 3 // 4)}
    return tuple(sorted(sides))


def _at_every_size(card: ModelCard, picture: Image) -> list[Pixels]:
    rules = [card.input.rule(side) for side in usual_long_sides(card)]
    crops = [Crop.whole(0, picture.size, rule) for rule in rules]
    batches = cropped([picture], crops, pad_value=card.input.pad_value, batch_size=1)
    return [batch.pixels for _, batch in batches]

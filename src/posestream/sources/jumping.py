"""Find the pictures of a recording from a time on, without reading all that comes before."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction

from posestream.sources.pictures import Picture

_MARGINS_S = (0, 5, 30)


def pictures_from(
    target: int,
    *,
    beginning: int,
    time_base: Fraction,
    jump: Callable[[int], Iterator[Picture] | None],
) -> Iterator[Picture] | None:
    """Return the pictures from somewhere at or before a time, by jumping as near as can be.

    Not every container finds the key frame before a time (MPEG-TS does not), so a jump that lands
    after it is repeated from further back.

    Args:
        target: The time, ticks.
        beginning: Time of the first picture, ticks.
        time_base: Seconds per tick.
        jump: Goes to a time and returns the pictures from there, or None if it cannot.

    Returns:
        The pictures; None if the recording is to be opened again and read from its beginning,
        which not every container can jump to.
    """
    for margin_s in _MARGINS_S:
        offset = target - int(margin_s / time_base)
        pictures = jump(offset) if offset > beginning else None
        if pictures is None:
            return None
        first = next(pictures, None)
        if first is not None and first.pts is not None and first.pts <= target:
            return itertools.chain(iter([first]), pictures)
    return None

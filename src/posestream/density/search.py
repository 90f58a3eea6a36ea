"""Find the most streams that are sustained, with few trials."""

from __future__ import annotations

from collections.abc import Callable


def most_sustained(
    sustains: Callable[[int], bool | None], *, most: int, first: int = 1, within: int = 1
) -> int:
    """Return the largest count that is sustained, 0 if none is.

    The count doubles until it fails, then the gap between what held and what failed is halved
    until nothing lies in between.

    Args:
        sustains: Tries a count; None ends the search with what is known by then.
        most: Largest count that is tried, at least 1.
        first: Count that is tried first, in [1, ``most``].
        within: Gap between what held and what failed that is small enough.

    Raises:
        ValueError: If ``first`` is not in its range.
    """
    if not 1 <= first <= most:
        raise ValueError(f"first must be in [1, {most}], not {first}")
    held, failed, count = 0, most + 1, first
    while failed - held > within:
        answer = sustains(count)
        if answer is None:
            break
        if answer:
            held = count
        else:
            failed = count
        count = (held + failed) // 2 if failed <= most else min(2 * count, most)
    return held

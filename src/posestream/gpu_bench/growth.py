"""Whether a long run takes ever more memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

_EDGE_S = 60.0
_SETTLED_S = 60.0


def growth(samples: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Compare the memory of a run's first and last minute.

    The first minute is left out where the run lasts longer than three, as caches fill then.

    Args:
        samples: In order; ``at_s``, and the memory ``resident_mb`` and ``gpu_mb``.

    Returns:
        MB that each grew by in the mean; None where it is unknown or the run shorter than two
        minutes.
    """
    last_s = samples[-1]["at_s"] if samples else 0.0
    begun_s = _SETTLED_S if last_s > _SETTLED_S + 2 * _EDGE_S else 0.0
    return {
        name: _grown(samples, name, begun_s=begun_s, last_s=last_s)
        for name in ("resident_mb", "gpu_mb")
    }


def _grown(
    samples: Sequence[Mapping[str, Any]], name: str, *, begun_s: float, last_s: float
) -> float | None:
    early = [one[name] for one in samples if begun_s <= one["at_s"] <= begun_s + _EDGE_S]
    late = [one[name] for one in samples if one["at_s"] >= last_s - _EDGE_S]
    if last_s < begun_s + 2 * _EDGE_S or None in (*early, *late):
        return None
    return round(fmean(late) - fmean(early), 1)

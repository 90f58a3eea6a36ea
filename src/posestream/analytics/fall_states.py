"""The states between standing and lying helpless, and what moves people from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.analytics.bodies import Floats
from posestream.analytics.descents import Descents
from posestream.analytics.fall_settings import FallSettings
from posestream.analytics.roster import Records

UPRIGHT, FALLING, DOWN, LONG_LIE = range(4)
STATES = ("upright", "falling", "down", "long_lie")
"""Names of the states."""

FIELDS = [
    ("state", np.int8),
    ("told", np.bool_),
    ("low", np.bool_),
    ("low_s", np.float64),
    ("up_s", np.float64),
    ("sank_s", np.float64),
    ("fell_s", np.float64),
]
"""What is remembered of a person: the state; whether their fall was told; whether they were low in
the last frame; since when they are low or up; when they last sank as in a fall; when they fell."""

_SETTLING_S = 1.0
"""How long after sinking somebody may take to lie still."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Who changed; ``(P,)`` each."""

    fell: Mask
    """On the ground after a fall."""
    long_lie: Mask
    """Down for long."""
    recovered: Mask
    """Up again."""

    def __bool__(self) -> bool:
        """Tell whether anybody changed."""
        return bool((self.fell | self.long_lie | self.recovered).any())


def blank_state(blank: Records) -> None:
    """Fill in what is remembered of somebody new."""
    for name in ("low_s", "up_s", "sank_s", "fell_s"):
        blank[name] = np.nan


def bounds_table(settings: list[FallSettings]) -> Records:
    """Return the settings as a structured array, to pick a row of for each person."""
    names = [field.name for field in fields(FallSettings)]
    rows: list[Any] = [tuple(getattr(one, name) for name in names) for one in settings]
    return np.array(rows, [(name, np.float64) for name in names])


def advance(records: Records, descents: Descents, bounds: Records, time_s: float) -> Changes:
    """Move people on by one frame.

    Args:
        records: ``(P,)`` what is remembered of each; changed in place.
        descents: What each body does.
        bounds: ``(P,)`` the settings that hold for each.
        time_s: Time of the frame.
    """
    height = descents.elevation
    low = height <= bounds["low"]
    unsure = np.isnan(height) | (records["low"] & ~low)  # one frame that shows them up
    low_s = _since(records["low_s"], low, unsure, time_s)
    up_s = _since(records["up_s"], height >= bounds["up"], np.isnan(height), time_s)
    records["low"], records["low_s"], records["up_s"] = low, low_s, up_s
    state = records["state"]
    down = state >= DOWN
    sank_s = np.where(_sinks_fast(descents, bounds), time_s, records["sank_s"])
    sinking = time_s - sank_s <= bounds["hold_s"] + _SETTLING_S
    records["sank_s"] = sank_s
    # Who walks out at a side of the picture sinks there, too: the last of them is low down.
    seen = records["last_s"] == time_s
    fell = ~down & seen & sinking & low & (time_s - low_s >= bounds["hold_s"])
    recovered = down & (time_s - up_s >= bounds["up_s"])
    helpless = (
        (state == DOWN) & ~recovered & np.isnan(up_s)
        & (time_s - records["fell_s"] >= bounds["long_lie_s"])
    )  # fmt: skip
    state = np.where(down, state, np.where(sinking, FALLING, UPRIGHT))
    state = np.where(recovered, UPRIGHT, np.where(fell, DOWN, state))
    records["state"] = np.where(helpless, LONG_LIE, state)
    records["fell_s"] = np.where(fell, time_s, records["fell_s"])
    return Changes(fell, helpless, recovered)


def certainty(descents: Descents, bounds: Records) -> Floats:
    """Return how clearly each person fell, in [0.5, 1]: how far beyond the bounds, on average."""
    margins = [
        descents.drop / bounds["min_drop"] - 1,
        descents.speed / bounds["min_speed"] - 1,
        1 - descents.elevation / bounds["low"],
    ]
    return 0.5 + 0.5 * np.clip(np.nan_to_num(np.array(margins)), 0, 1).mean(axis=0)


def _sinks_fast(descents: Descents, bounds: Records) -> Mask:
    """Tell who sank far and fast, hips and all; without hips a stoop would look the same."""
    return (
        (bounds["enabled"] > 0)
        & (descents.drop >= bounds["min_drop"])
        & (descents.speed >= bounds["min_speed"])
        & (descents.hips_drop >= bounds["min_hips_drop"])
    )


def _since(start: Floats, holds: Mask, unknown: Mask, time_s: float) -> Floats:
    """Return since when something holds: NaN where it does not, as before where nobody knows."""
    return np.where(unknown, start, np.where(holds, np.fmin(start, time_s), np.nan))

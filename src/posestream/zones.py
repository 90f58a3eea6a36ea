"""Zones and lines of a picture: what is watched, and what was counted there.

Points are fractions of the picture if all of a shape's coordinates lie in [0, 1], else pixels.
Fractions fit a stream whatever size it has; pixels are taken for those of its first frame, unless
a shape says of what size of picture they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.shapes import Point, Size, checked_line, checked_polygon


@dataclass(frozen=True, slots=True)
class Anchor:
    """The part of a person whose place counts."""

    keypoints: tuple[str, ...] = ()
    """Names of keypoints; none for the feet."""
    every: bool = False
    """Whether all of them must be in a zone; else any one is enough."""


FEET = Anchor()
"""Where somebody stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area that people enter, stay in and leave.

    Raises:
        ValueError: If the polygon is none, or a time is out of range.
    """

    name: str
    """What events call it."""
    polygon: tuple[Point, ...]
    """Corners in their order, fractions or pixels of the picture."""
    dwell_s: float | None = None
    """Tell of people who stay for this long, seconds; ``None`` for nobody."""
    anchor: Anchor = FEET
    """What of a person must be in it."""
    settle_s: float = 0.3
    """Somebody must be in it, or out of it, for this long until it counts, seconds."""
    drawn_on: Size | None = None
    """Width and height of the picture that pixels are of; by default the first frame's."""

    def __post_init__(self) -> None:
        """Check the shape and the times."""
        object.__setattr__(self, "polygon", checked_polygon(self.polygon))
        _check_seconds("settle_s", self.settle_s)
        if self.dwell_s is not None:
            _check_seconds("dwell_s", self.dwell_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line that people cross, either way.

    Raises:
        ValueError: If the line has no length, or a time or the directions are not allowed.
    """

    name: str
    """What events call it."""
    start: Point
    """One end, fractions or pixels of the picture."""
    end: Point
    """The other end."""
    directions: tuple[str, str] = ("in", "out")
    """What it is called to cross it towards the right-hand side of somebody who looks from the
    start to the end, and towards the left-hand side. On the screen, a line drawn from left to
    right is crossed downwards first."""
    anchor: Anchor = FEET
    """What of a person crosses it; the middle of several keypoints."""
    settle_s: float = 0.2
    """Somebody must be on the other side for this long until it counts, seconds."""
    drawn_on: Size | None = None
    """Width and height of the picture that pixels are of; by default the first frame's."""

    def __post_init__(self) -> None:
        """Check the ends, directions and times."""
        checked_line(self.start, self.end)
        _check_seconds("settle_s", self.settle_s)
        if len(set(self.directions)) != 2 or not all(self.directions):
            raise ValueError(f"directions must be two different words, not {self.directions}")


@dataclass(frozen=True, slots=True)
class ZoneCount:
    """How many people are and were in a zone."""

    name: str
    """Name of the zone."""
    present: int
    """People in it now."""
    entered: int
    """Visits begun since the start."""
    left: int
    """Visits ended since the start."""
    dwelt: int
    """Visits that lasted as long as the zone tells of."""


@dataclass(frozen=True, slots=True)
class LineCount:
    """How many people crossed a line."""

    name: str
    """Name of the line."""
    directions: tuple[str, str]
    """What the two ways are called."""
    crossed: tuple[int, int]
    """Crossings each way since the start."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted at all zones and lines of a stream."""

    zones: tuple[ZoneCount, ...] = ()
    """In the order of the settings."""
    lines: tuple[LineCount, ...] = ()
    """In the order of the settings."""

    def to_dict(self) -> dict[str, object]:
        """Return the counts as plain JSON values."""
        zones = {
            z.name: {"present": z.present, "entered": z.entered, "left": z.left, "dwelt": z.dwelt}
            for z in self.zones
        }
        lines = {
            line.name: dict(zip(line.directions, line.crossed, strict=True)) for line in self.lines
        }
        return {"zones": zones, "lines": lines}


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """How a frame's people move on the ground; rows as in its tracks."""

    places: npt.NDArray[np.floating]
    """``(P, 2)`` metres; NaN beyond the horizon, or for people without an identity."""
    speeds: npt.NDArray[np.floating]
    """``(P,)`` metres per second, smoothed; NaN while not known."""
    distances: npt.NDArray[np.floating]
    """``(P,)`` metres walked since first seen."""

    def to_dicts(self) -> list[dict[str, object]]:
        """Return each person's row as plain JSON values; what is not known is left out."""
        return [
            {
                name: [round(v, 2) for v in value] if isinstance(value, list) else round(value, 2)
                for name, value in zip(("place_m", "speed_m_s", "distance_m"), row, strict=True)
                if np.isfinite(value).all()
            }
            for row in zip(
                self.places.tolist(), self.speeds.tolist(), self.distances.tolist(), strict=True
            )
        ]


def _check_seconds(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise ValueError(f"{name} must be seconds from 0 on, not {value}")

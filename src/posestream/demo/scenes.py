"""The demo's shots: who moves where, in front of what."""

from __future__ import annotations

import math
from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands, in frame heights, so that it holds for every size of the clip."""

    x: float
    """Middle of the person's photograph, from the middle of the frame to the right."""
    bottom: float
    """Lower edge of the photograph, from the upper edge of the frame; past 1 it is hidden."""
    height: float
    """Height of the photograph."""

    def towards(self, other: Place, share: float) -> Place:
        """Return the place that lies ``share`` of the way to another."""
        return Place(
            self.x + share * (other.x - self.x),
            self.bottom + share * (other.bottom - self.bottom),
            self.height + share * (other.height - self.height),
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who moves through a shot."""

    photograph: str
    """Name of the embedded photograph."""
    start: Place
    """Where the shot finds the person."""
    end: Place
    """Where it leaves the person."""
    mirrored: bool = False
    """Whether left and right change places."""
    steps: float = 0.0
    """Steps that the person takes during the shot, each a little up and down and to the side."""

    def place_at(self, share: float) -> Place:
        """Return where the person is after a share of the shot in [0, 1]."""
        eased = share * share * (3 - 2 * share)
        place = self.start.towards(self.end, eased)
        return Place(
            place.x,
            place.bottom + 0.012 * abs(math.sin(math.pi * self.steps * share)),
            place.height,
        )

    def lean_at(self, share: float) -> float:
        """Return how far the person leans to the side, in degrees."""
        return 2.2 * math.sin(math.pi * self.steps * share)


@dataclass(frozen=True, slots=True)
class Shot:
    """A few seconds without a cut."""

    share: float
    """Its part of the clip."""
    sky: RGB
    """Colour of the background at the top."""
    ground: RGB
    """Colour of the background at the bottom."""
    actors: tuple[Actor, ...]
    """Everybody in it, the farthest first."""


SHOTS = (
    Shot(
        share=0.26,
        sky=(92, 116, 140),
        ground=(206, 210, 204),
        actors=(Actor("collins", Place(-0.16, 1.04, 0.86), Place(0.08, 1.10, 1.02), steps=3),),
    ),
    Shot(
        share=0.38,
        sky=(120, 132, 128),
        ground=(228, 219, 201),
        actors=(
            Actor("collins", Place(-0.12, 1.02, 0.56), Place(0.12, 1.02, 0.74), steps=5),
            Actor("cameraman", Place(-1.08, 1.02, 0.98), Place(-0.44, 1.02, 0.98), steps=4),
            Actor(
                "cameraman",
                Place(1.06, 1.02, 0.86),
                Place(0.50, 1.02, 0.86),
                mirrored=True,
                steps=4,
            ),
        ),
    ),
    Shot(
        share=0.36,
        sky=(64, 84, 112),
        ground=(196, 188, 184),
        actors=(
            Actor("collins", Place(-0.78, 1.02, 0.62), Place(0.52, 1.02, 0.62), steps=7),
            Actor(
                "collins",
                Place(0.10, 1.02, 0.52),
                Place(-0.66, 1.02, 0.52),
                mirrored=True,
                steps=6,
            ),
            Actor("hopper", Place(0.62, 1.03, 0.70), Place(-0.30, 1.03, 0.80), steps=5),
        ),
    ),
)
"""The whole clip; the shares add up to 1."""

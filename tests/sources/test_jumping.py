"""Jumps into a recording, whose landing places are made up."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import pytest

from posestream.images import HostImage
from posestream.sources.jumping import pictures_from

TICK = Fraction(1, 10)


@dataclass(frozen=True)
class Moment:
    pts: int | None
    damaged: bool = False

    def image(self, *, duration: int | None = None) -> HostImage:
        raise NotImplementedError


class Recording:
    """Ticks 100 to 1100; ``land`` says where a jump ends."""

    def __init__(self, land: Callable[[int], int | None]) -> None:
        self.land = land
        self.jumps: list[int] = []

    def jump(self, offset: int) -> Iterator[Moment] | None:
        self.jumps.append(offset)
        landed = self.land(offset)
        return None if landed is None else (Moment(pts) for pts in range(landed, 1100))

    def found(self, target: int) -> list[int | None] | None:
        pictures = pictures_from(target, beginning=100, time_base=TICK, jump=self.jump)
        return None if pictures is None else [picture.pts for picture in pictures]


def test_a_jump_to_the_key_frame_before_is_the_only_one():
    recording = Recording(lambda offset: offset - offset % 50)
    assert recording.found(630) == list(range(600, 1100))
    assert recording.jumps == [630]


def test_a_jump_that_lands_behind_is_repeated_from_further_back():
    recording = Recording(lambda offset: offset + 40)
    assert recording.found(630) == list(range(620, 1100))
    assert recording.jumps == [630, 580]


@pytest.mark.parametrize(
    ("land", "jumps"),
    [
        (lambda offset: offset + 400, [630, 580, 330]),
        (lambda offset: 1100, [630, 580, 330]),
        (lambda offset: None, [630]),
    ],
)
def test_where_no_jump_helps_the_beginning_is_left(land: Callable, jumps: list[int]):
    recording = Recording(land)
    assert recording.found(630) is None
    assert recording.jumps == jumps


def test_nobody_jumps_before_the_beginning():
    recording = Recording(lambda offset: offset + 40)
    assert recording.found(140) is None
    assert recording.jumps == [140]

"""Frames with numbers on them, and a sink that reads the numbers of every tile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from clips import number_in, picture
from posestream.errors import SinkError
from posestream.images import HostImage
from posestream.overlay.layout import Tile
from posestream.types import Frame

SIZE = (640, 360)
TICK = Fraction(1, 90_000)


def numbered(
    stream: str, number: int, time_s: Fraction | float, *, size: tuple[int, int] = (160, 90)
) -> Frame:
    """Return a frame that shows its number."""
    image = HostImage.from_rgb(picture(number, size)).yuv420p_copy()
    return Frame(stream, number, round(Fraction(time_s) / TICK), TICK, image, 0.0)


@dataclass
class Watched:
    """A sink that keeps every picture; ``fails_at`` is the picture at which it breaks."""

    fails_at: int | None = None
    takes_s: float = 0.0
    frames: list[Frame] = field(default_factory=list)
    closed: int = 0

    def write(self, frame: Frame) -> None:
        if self.fails_at == len(self.frames):
            raise SinkError("the disk is full")
        time.sleep(self.takes_s)
        self.frames.append(frame)

    def close(self) -> None:
        self.closed += 1

    @property
    def ticks(self) -> list[int]:
        return [frame.pts for frame in self.frames]

    def rgb(self, n: int) -> npt.NDArray[np.uint8]:
        return self.frames[n].image.rgb()

    def numbers(self, tile: Tile) -> list[int]:
        """Read what a tile shows in every picture."""
        return [number_in(part(self.rgb(n), tile)) for n in range(len(self.frames))]


def part(rgb: npt.NDArray[np.uint8], tile: Tile) -> npt.NDArray[np.uint8]:
    return rgb[tile.top : tile.top + tile.height, tile.left : tile.left + tile.width]


def shows_words_only(rgb: npt.NDArray[np.uint8], tile: Tile) -> bool:
    """Tell a tile without signal: dark nearly everywhere, with some light letters."""
    pixels = part(rgb, tile)
    return bool(np.median(pixels) < 45 and (pixels > 150).any() and (pixels > 150).mean() < 0.15)


def side_by_side(*work: Callable[[], None], within_s: float = 30.0) -> None:
    """Run functions on threads of their own; fail if one hangs. pytest tells what they raise."""
    threads = [threading.Thread(target=function, daemon=True) for function in work]
    for thread in threads:
        thread.start()
    until = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"


def wait_until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.005)

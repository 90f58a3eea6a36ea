"""What a run that is part of a larger one leaves to the process that started it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from posestream.images import HostImage
from posestream.sinks import FrameSink
from posestream.sinks.webhooks.sink import Sender


class TilesSink(FrameSink, Protocol):
    """Takes the pictures of a part of a mosaic."""

    def write_last(self, picture: HostImage, tick: int, rate: Fraction) -> None:
        """Take how the streams stand at the end, from a tick on, at ``rate`` ticks per second."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MosaicPart:
    """The part of a mosaic that shows a share of the streams."""

    sink: TilesSink
    """Takes its pictures."""
    size: tuple[int, int]
    """Width and height of the part, pixels."""
    shape: str
    """Its columns and rows, such as ``2x4``."""
    live: bool
    """Whether the mosaic goes by the clock on the wall."""


@dataclass(frozen=True, slots=True, eq=False)
class RunPart:
    """What the outputs of a part of a run are connected with.

    What exists already was refused before, for all parts at once; files are named as where there
    are many streams.
    """

    senders: Sequence[Sender] = ()
    """Take events, one for each webhook of the settings."""
    mosaic: MosaicPart | None = None
    """Where the streams' tiles go; None where nobody wants a mosaic."""

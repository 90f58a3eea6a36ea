"""What the processes of an engine tell each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from posestream.gpu.engine import Outcome
from posestream.gpu.packets import PacketSource


@dataclass(frozen=True, slots=True)
class Add:
    """Begin a stream."""

    name: str
    """Unlike any other's."""
    open_source: Callable[[], PacketSource]
    """Opens its packets."""
    ahead: int
    """Most frames on their way at once."""
    live: bool
    """Whether the source does not wait."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop a stream."""

    name: str
    """Which."""


@dataclass(frozen=True, slots=True)
class Close:
    """Stop everything."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The engine is there."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The engine could not be made."""

    error: Exception
    """Why."""


@dataclass(frozen=True, slots=True)
class Found:
    """People of some frames, in order."""

    outcomes: Sequence[Outcome]
    """One for each frame."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A stream ended, and all of its people were sent."""

    name: str
    """Which."""
    error: Exception | None = None
    """Why it ended early; None if it did not."""
    dropped: int = 0
    """Frames and packets left out."""
    corrupt: int = 0
    """Packets that yielded no picture."""


Message = Add | Stop | Close | Ready | Failed | Found | Ended

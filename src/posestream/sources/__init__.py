"""Read frames: files, images, cameras and network streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from posestream.types import Frame


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known about a source before its first frame."""

    size: tuple[int, int]
    """Width and height of upright frames, pixels."""
    frame_rate: Fraction | None
    """Nominal frames per second; ``None`` where there is no such thing."""
    frame_count: int | None
    """Frames expected, for a progress bar only; ``None`` where unknown."""
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    still: bool = False
    """True for photographs, whose annotated output is images, not a video."""
    path: Path | None = None
    """The one file that is read, whose sound an annotated video keeps; ``None`` for others."""
    live: bool = False
    """True for what does not wait for its reader: cameras, network streams, real-time playback."""
    ends: bool = True
    """False for what should never end, so that its end is a lost connection."""


class Source(Protocol):
    """A stream of frames."""

    @property
    def name(self) -> str:
        """Name of the stream, free of credentials."""
        ...

    @property
    def info(self) -> SourceInfo:
        """What is known before the first frame."""
        ...

    @property
    def corrupt_frames(self) -> int:
        """Damaged packets or frames so far: skipped, or shown as far as they could be decoded."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yield every frame once, in order.

        Raises:
            SourceError: If nothing more can be read and that is not simply the end.
        """
        ...

    def close(self) -> None:
        """Release the input; may be called twice, and from another thread."""
        ...

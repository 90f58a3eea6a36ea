"""The clips that streams play: as from a file, and as from a camera."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from posestream.density.clip import SIZE, Clip, Encoding, inspect_clip, make_camera_clip

_ENCODERS = {"h264": ("libx264", 4_000_000), "hevc": ("libx265", 3_000_000)}
"""Encoder and bits per second of each codec."""


@dataclass(frozen=True, slots=True)
class Footage:
    """One row's video."""

    name: str
    """The codec, or the name of an own file."""
    recorded: Clip
    """As a file holds it, perhaps with B-frames: for what goes as fast as it can."""
    live: Clip
    """As a camera sends it: for what goes in real time."""


def make_footage(
    codec: str, folder: Path, *, seconds: float = 10.0, size: tuple[int, int] = SIZE
) -> Footage:
    """Make the clips of a codec, 30 frames per second, with 4 or 3 Mbit/s.

    Args:
        codec: ``h264`` or ``hevc``.
        folder: Where they go.
        seconds: Length of each.
        size: Width and height, pixels; both even.

    Raises:
        SinkError: If they cannot be written.
    """
    encoder, bit_rate = _ENCODERS[codec]
    clips = []
    for name, reordered in (("recorded", True), ("live", False)):
        encoding = Encoding(encoder, bit_rate, reordered)
        path = folder / f"{codec}-{name}.mp4"
        make_camera_clip(path, seconds=seconds, size=size, encoding=encoding)
        clips.append(inspect_clip(path))
    return Footage(codec, *clips)


def own_footage(path: Path) -> Footage:
    """Take somebody's clip for both.

    Raises:
        SourceError: If it cannot be read, or does not say how fast and long it is.
    """
    clip = inspect_clip(path)
    return Footage(path.stem, clip, clip)

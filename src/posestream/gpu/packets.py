"""Compressed video on its way to a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from posestream.gpu.surfaces import Colour, Matrix

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_MATRICES: dict[int, Matrix] = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG


@dataclass(frozen=True, slots=True)
class Packet:
    """One compressed picture; H.264 and HEVC begin every unit with a start code (Annex B)."""

    address: int
    """Where the bytes are in main memory."""
    size: int
    """How many bytes."""
    pts: int
    """Presentation time of the picture, ticks."""
    key: bool
    """Whether decoding can begin here."""
    owner: object
    """What keeps the bytes where they are; FFmpeg's own packet where it comes from there."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a compressed stream before its first picture."""

    codec: str
    """FFmpeg's name: ``h264``, ``hevc``, ``av1`` ..."""
    size: tuple[int, int]
    """Width and height, pixels; (0, 0) where unknown."""
    pixel_format: str | None = None
    """FFmpeg's name, such as ``yuv420p``; None where unknown."""
    colour: Colour | None = None
    """What the stream says of its colours; None where it says nothing."""
    reordered: bool = True
    """Whether pictures may be shown in another order than they are decoded."""
    time_base: Fraction = Fraction(1, 1000)
    """Seconds per tick."""
    frame_rate: Fraction | None = None
    """Nominal frames per second; None where unknown."""
    extradata: bytes = b""
    """What a decoder must know beforehand; empty where packets say all."""


def tagged_colour(
    matrix: int, colour_range: int, pixel_format: str, *, height: int
) -> Colour | None:
    """Return what FFmpeg's tags say of colours; None where they say nothing.

    Where they only say that the range is full, the matrix is the usual one of a height, pixels.
    """
    known = _MATRICES.get(matrix)
    full = colour_range == _FULL_RANGE or pixel_format.startswith("yuvj")
    return Colour(known or Colour.usual(height).matrix, full) if known or full else None


def video_info(stream: VideoStream) -> VideoInfo:
    """Return what FFmpeg knows of a stream."""
    context = stream.codec_context
    return VideoInfo(
        codec=context.codec.canonical_name,
        size=(context.width, context.height),
        pixel_format=context.pix_fmt,
        colour=tagged_colour(
            int(context.colorspace),
            int(context.color_range),
            context.pix_fmt or "",
            height=context.height,
        ),
        reordered=bool(context.has_b_frames),
        time_base=stream.time_base or Fraction(1, 1000),
        frame_rate=stream.average_rate or stream.guessed_rate,
        extradata=context.extradata or b"",
    )

"""Decode one photograph, upright, with FFmpeg's own decoders."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.error import ArgumentError, FFmpegError
from av.video.codeccontext import VideoCodecContext

from posestream.containers import MAX_PIXELS, check_regular_file
from posestream.errors import SourceError
from posestream.images import HostImage
from posestream.sources.exif import exif_orientation
from posestream.sources.orientation import Turner

STILL_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm"}
    | {".tif", ".tiff", ".webp"}
)
"""Endings of the names of files that `read_still` reads."""

_SIZE_FIELDS = {"png": (">II", 16), "bmp": ("<ii", 18), "gif": ("<HH", 6)}
_DECODERS_BY_START = (
    (b"\xff\xd8\xff", "mjpeg"),
    (b"\x89PNG\r\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"\0\0\0\x0cjP  ", "jpeg2000"),
    *((b"P%d" % kind, decoder) for kind, decoder in enumerate(("pbm", "pgm", "ppm") * 2, start=1)),
)


def read_still(path: Path, *, max_pixels: int = MAX_PIXELS) -> HostImage:
    """Decode a picture of any common kind and depth and turn it as its Exif data says.

    Animated pictures give their first frame.

    Args:
        path: A JPEG, PNG, WebP, BMP, TIFF, GIF, JPEG 2000 or PNM file.
        max_pixels: Refuse larger pictures, which might be made to fill the memory.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it cannot be decoded or is too large.
    """
    check_regular_file(path)
    data = path.read_bytes()
    name = _decoder_name(data)
    if name is None:
        raise SourceError(f"{path}: is not an image of a kind that can be read")
    _check_size(path, data, name, max_pixels)
    decoder = av.CodecContext.create(name, "r")
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(max_pixels)}
    try:
        frames = cast(VideoCodecContext, decoder).decode(av.Packet(data))
        frames = frames or cast(VideoCodecContext, decoder).decode(None)
    except ArgumentError as error:
        limit = f"at most {max_pixels} pixels are allowed"
        raise SourceError(f"{path}: the image is too large; {limit}") from error
    except FFmpegError as error:
        reason = f"the image is damaged or of an unusual kind ({error.strerror})"
        raise SourceError(f"{path}: {reason}") from error
    if not frames:
        raise SourceError(f"{path}: the image is damaged; nothing of it can be decoded")
    frame = frames[0]
    frame.time_base = Fraction(1)
    return HostImage(Turner().turn(frame, exif_orientation(data)))


def looks_like_still(path: Path) -> bool:
    """Tell whether a file begins as a photograph does; animated pictures count as video."""
    with path.open("rb") as file:
        return _decoder_name(file.read(16)) not in {None, "gif"}


def _check_size(path: Path, data: bytes, name: str, max_pixels: int) -> None:
    """Refuse pictures by their header where it is simple; FFmpeg's own limit refuses the rest."""
    layout, offset = _SIZE_FIELDS.get(name, ("", 0))
    if not layout or len(data) < offset + struct.calcsize(layout):
        return
    width, height = struct.unpack_from(layout, data, offset)
    if abs(width * height) > max_pixels:
        raise SourceError(
            f"{path}: an image of {width} x {abs(height)} pixels; "
            f"at most {max_pixels} pixels are allowed"
        )


def _decoder_name(data: bytes) -> str | None:
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return next((name for start, name in _DECODERS_BY_START if data.startswith(start)), None)

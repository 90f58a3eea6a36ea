"""Open local media files so that they can reach for nothing but themselves.

What looks like a video may be a playlist that sends FFmpeg to network addresses or to other files
of the machine. Here only the local file protocol is allowed, formats that refer to other
resources are refused, and so are pictures too large to be meant.
"""

from __future__ import annotations

import functools
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.format import ContainerFormat

from posestream.errors import SourceError, SourceNotFoundError

MAX_PIXELS = 2**27
"""Pixels of the largest picture that is decoded, about 11 585 x 11 585."""

_REFERRING_FORMATS = {
    *("concat", "dash", "hls", "imf", "rtp", "rtsp", "sap", "sdp", "webm_dash_manifest"),
    *("image2", "alias_pix", "brender_pix", "svg_pipe", "vobsub"),
    *("lavfi", "alsa", "fbdev", "kmsgrab", "oss", "video4linux2,v4l2", "x11grab"),
}
_TEXT_ART_FORMATS = {"adf", "bin", "idf", "tty", "xbin"}
_SNIFFED_BYTES = 4096
_MAX_THREADS = 4


def open_media(path: Path) -> InputContainer:
    """Open a local file for demuxing.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it is not a media file that FFmpeg reads; the message says what it is.
    """
    check_regular_file(path)
    try:
        return av.open(
            f"file:{path}",
            options={"max_pixels": str(MAX_PIXELS)},
            container_options={
                "protocol_whitelist": "file",
                "format_whitelist": ",".join(sorted(self_contained_formats())),
            },
            metadata_errors="replace",
        )
    except FFmpegError as error:
        raise SourceError(f"{path}: {_diagnosis(path, error)}") from error


def check_regular_file(path: Path) -> None:
    """Make sure that there is a file with something in it that may be read.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it is a folder or a device, is empty, or may not be read.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SourceError(f"{path}: is a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{path}: is a device or a pipe; only ordinary files can be read")
        if status.st_size == 0:
            raise SourceError(f"{path}: the file is empty (0 bytes)")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise SourceNotFoundError(f"{path}: no such file") from error
    except PermissionError as error:
        raise SourceError(f"{path}: no permission to read it") from error
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path}: cannot be read ({error.strerror})") from error


def codec_threads() -> int:
    """Return how many threads to decode or encode with beside a network.

    One on two cores, where a second costs processor time that the network needs.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(_MAX_THREADS, (cores or 1) // 2))


@functools.cache
def self_contained_formats() -> frozenset[str]:
    """Return every format that FFmpeg demuxes, less those that lead outside the file."""
    allowed = set()
    for name in av.formats_available:
        try:
            form = ContainerFormat(name, "r")
        except ValueError:
            continue  # a format that can only be written
        allowed.add(form.name)
    return frozenset(allowed - _REFERRING_FORMATS - _TEXT_ART_FORMATS)


def _diagnosis(path: Path, error: FFmpegError) -> str:
    """Say in plain words what a file is that FFmpeg refuses."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED_BYTES)
        if head.startswith((b"#EXTM3U", b"ffconcat", b"v=0")) or b"<MPD" in head:
            return "is a playlist that refers to other files; give the video itself"
        if _is_text(head):
            return "is text, not a video"
        if head[4:8] == b"ftyp" and b"moov" not in dict(mp4_boxes(file)):
            return (
                "is an MP4 without its index (moov); it was cut off, "
                "or the recording was never finished"
            )
    return f"is not a video that FFmpeg can read ({error.strerror})"


def _is_text(head: bytes) -> bool:
    # A character may be cut in two at the end of what was read.
    return b"\0" not in head and "\ufffd" not in head.decode("utf-8", "replace")[:-1]


def mp4_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the type of every top-level box of an MP4 file, and where the box ends.

    The last box of a file that was cut off ends behind the end of the file.

    Source:
        ISO/IEC 14496-12, ISO base media file format, section 4.2.
    """
    position = 0
    while True:
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">I4s", header[:8])
        if size == 1 and len(header) == 16:
            size = struct.unpack(">Q", header[8:])[0]
        if size < 8:
            return
        position += size
        yield kind, position

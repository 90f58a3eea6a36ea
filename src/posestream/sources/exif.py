"""Read how a camera was held from the Exif block of a photograph."""

from __future__ import annotations

import struct
from collections.abc import Iterator

UPRIGHT = 1
"""Exif's orientation of a picture that is stored as it is to be seen."""

_ORIENTATION_TAG = 0x0112
_ORIENTATIONS = range(1, 9)
_MAX_ENTRIES = 512


def exif_orientation(data: bytes) -> int:
    """Return Exif's orientation, 1 to 8, of a JPEG, PNG, WebP or TIFF file; 1 where it has none.

    Source:
        CIPA DC-008, Exchangeable image file format (Exif), section 4.6.
    """
    for block in _exif_blocks(data):
        orientation = _tiff_orientation(block)
        if orientation is not None:
            return orientation
    return UPRIGHT


def _exif_blocks(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"\xff\xd8"):
        yield from _jpeg_blocks(data)
    elif data.startswith(b"\x89PNG"):
        yield from _chunks(data, start=8, name=b"eXIf", order=">", size_first=True)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        yield from _chunks(data, start=12, name=b"EXIF", order="<", size_first=False)
    elif data.startswith((b"II*\0", b"MM\0*")):
        yield data


def _jpeg_blocks(data: bytes) -> Iterator[bytes]:
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, size = struct.unpack(">BH", data[position + 1 : position + 4])
        if marker == 0xDA:  # the picture begins; nothing about it follows
            return
        body = data[position + 4 : position + 2 + size]
        if marker == 0xE1 and body.startswith(b"Exif\0"):
            yield body[6:]
        position += 2 + size


def _chunks(
    data: bytes, *, start: int, name: bytes, order: str, size_first: bool
) -> Iterator[bytes]:
    """Yield the bodies of a PNG's or a RIFF file's chunks of one name."""
    position = start
    while position + 8 <= len(data):
        first, second = data[position : position + 4], data[position + 4 : position + 8]
        found, length = (second, first) if size_first else (first, second)
        size = struct.unpack(f"{order}I", length)[0]
        if found == name:
            body = data[position + 8 : position + 8 + size]
            yield body.removeprefix(b"Exif\0\0")
        # PNG ends a chunk with a checksum, RIFF fills it up to an even length.
        position += 8 + size + (4 if size_first else size % 2)


def _tiff_orientation(block: bytes) -> int | None:
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return None
    directory = struct.unpack(f"{order}I", block[4:8])[0]
    if directory + 2 > len(block):
        return None
    entries = struct.unpack(f"{order}H", block[directory : directory + 2])[0]
    for entry in range(min(entries, _MAX_ENTRIES)):
        field = block[directory + 2 + 12 * entry :][:12]
        if len(field) < 12:
            return None
        if struct.unpack(f"{order}H", field[:2])[0] == _ORIENTATION_TAG:
            orientation = struct.unpack(f"{order}H", field[8:10])[0]
            return orientation if orientation in _ORIENTATIONS else None
    return None

"""Read protobuf's wire format, field by field, strictly and within bounds.

Source:
    Protocol Buffers documentation, Encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

from posestream.errors import ModelError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types; groups, long deprecated, are refused."""
_FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10

Field = tuple[int, int, "int | memoryview"]


def read_fields(message: memoryview) -> Iterator[Field]:
    """Yield number, wire type and value of each field of a message.

    A value is a whole number for `VARINT`, else a view of its bytes: nothing is copied.

    Raises:
        ModelError: If the bytes are no message.
    """
    place, end = 0, len(message)
    while place < end:
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise ModelError(f"byte {place}: field 0 is not allowed")
        if kind == VARINT:
            value, place = _varint(message, place)
            yield number, kind, value
            continue
        size, place = _size(message, place, kind)
        if size > end - place:
            raise ModelError(f"cut off: field {number} has {size} bytes, {end - place} are left")
        yield number, kind, message[place : place + size]
        place += size


def read_varints(packed: memoryview) -> Iterator[int]:
    """Yield the numbers of a packed field.

    Raises:
        ModelError: If the last one is cut off.
    """
    place = 0
    while place < len(packed):
        value, place = _varint(packed, place)
        yield value


def _size(message: memoryview, place: int, kind: int) -> tuple[int, int]:
    if kind == BYTES:
        return _varint(message, place)
    if kind not in _FIXED_SIZES:
        raise ModelError(f"byte {place}: wire type {kind} is not allowed")
    return _FIXED_SIZES[kind], place


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a number and the place after it."""
    value = 0
    for count, byte in enumerate(message[place : place + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    problem = "cut off" if len(message) - place < _LONGEST_VARINT else "a number is too long"
    raise ModelError(f"byte {place}: {problem}")

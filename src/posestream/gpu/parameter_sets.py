"""Notice from its packets that a stream begins anew, or as another one.

H.264 and HEVC say size, chroma and bit depth in sequence parameter sets, which come before key
frames. A decoder that meets another one than it was made for is made anew, which is simpler than to
change it midway and lets what a GPU cannot decode go to the CPU from there on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from posestream.gpu.packets import Packet

_START = b"\0\0\1"
_LOOKED_AT = 4096
_PARAMETERS = {"h264": (7,), "hevc": (33,)}
_FRESH = {"h264": (5,), "hevc": (19, 20)}  # instantaneous decoding refresh


def sequence_parameters(codec: str, data: bytes) -> bytes | None:
    """Return the sequence parameter sets at the head of a packet, None where there are none.

    Args:
        codec: ``h264`` or ``hevc``; others are left to their decoder.
        data: The beginning of a packet in Annex B form.
    """
    wanted = _PARAMETERS.get(codec, ())
    found = [unit.rstrip(b"\0") for kind, unit in _units(codec, data) if kind in wanted]
    return b"".join(found) or None


def begins_sequence(codec: str, packet: Packet) -> bool:
    """Tell whether nothing after this packet refers to, or is shown among, what came before."""
    if not packet.key:
        return False
    wanted = _FRESH.get(codec, ())
    return any(kind in wanted for kind, _ in _units(codec, _head(packet)))


def _head(packet: Packet) -> bytes:
    return ctypes.string_at(packet.address, min(packet.size, _LOOKED_AT))


def _units(codec: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the bytes of each unit."""
    place = data.find(_START)
    while place >= 0:
        following = data.find(_START, place + 3)
        unit = data[place + 3 : following if following >= 0 else len(data)]
        if unit:
            yield (unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F), unit
        place = following


class ParameterWatch:
    """Remembers the parameters of a stream.

    Args:
        codec: FFmpeg's name of the codec.
    """

    def __init__(self, codec: str) -> None:
        self._codec = codec
        self._latest: bytes | None = None

    def changed(self, packet: Packet) -> bool:
        """Tell whether this packet begins a stream with other parameters than before."""
        if not packet.key:
            return False
        found = sequence_parameters(self._codec, _head(packet))
        before = self._latest
        if found is not None:
            self._latest = found
        return found is not None and before is not None and found != before

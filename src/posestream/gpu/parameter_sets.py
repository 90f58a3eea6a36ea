"""Notice from its packets that a stream becomes another one: size, chroma, bit depth.

H.264 and HEVC carry these in sequence parameter sets, which come before key frames. A decoder that
meets another one than it was made for is made anew, which is simpler than to change it midway and
lets what a GPU cannot decode go to the CPU from there on.
"""

from __future__ import annotations

import ctypes

from posestream.gpu.packets import Packet

_START = b"\0\0\1"
_LOOKED_AT = 4096
_H264_SPS, _HEVC_SPS = 7, 33


def sequence_parameters(codec: str, data: bytes) -> bytes | None:
    """Return the sequence parameter sets at the head of a packet, None where there are none.

    Args:
        codec: ``h264`` or ``hevc``; others are left to their decoder.
        data: The beginning of a packet in Annex B form.
    """
    if codec not in ("h264", "hevc"):
        return None
    found = []
    place = data.find(_START)
    while place >= 0:
        following = data.find(_START, place + 3)
        unit = data[place + 3 : following if following >= 0 else len(data)]
        if unit and _is_parameters(codec, unit[0]):
            found.append(unit.rstrip(b"\0"))
        place = following
    return b"".join(found) or None


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
        head = ctypes.string_at(packet.address, min(packet.size, _LOOKED_AT))
        found = sequence_parameters(self._codec, head)
        before = self._latest
        if found is not None:
            self._latest = found
        return found is not None and before is not None and found != before


def _is_parameters(codec: str, header: int) -> bool:
    if codec == "h264":
        return header & 0x1F == _H264_SPS
    return header >> 1 & 0x3F == _HEVC_SPS

"""Turn FFmpeg's packets of one stream into what a GPU's decoder takes."""

from __future__ import annotations

from fractions import Fraction

import av
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from posestream.gpu.packets import Packet, VideoInfo
from posestream.gpu.parameter_sets import sequence_parameters

_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_IN_PACKETS = ("h264", "hevc", "mpeg4")
"""Codecs whose decoder on a GPU must find in the packets what FFmpeg may keep beside them."""
_START_CODES = (b"\0\0\1", b"\0\0\0\1")
_LOOKED_AT = 4096
_MOST_WITHOUT_KEY = 600


class DecoderPackets:
    """Packets from the first key frame on, with start codes, parameters and a time each.

    A time that is missing is that of decoding, else one frame interval after the one before.

    Args:
        stream: Whose packets they are.
        info: What is known of it.
    """

    def __init__(self, stream: VideoStream, info: VideoInfo) -> None:
        self._stream, self._info = stream, info
        beside = info.extradata if info.codec in _IN_PACKETS else b""
        self._beside = beside if beside.startswith(_START_CODES) else b""
        self._interval = max(1, round(1 / ((info.frame_rate or Fraction(25)) * info.time_base)))
        self._latest = -self._interval
        self.restart()

    def restart(self) -> None:
        """Wait for a key frame again: the next packet comes from elsewhere in the stream."""
        name = _ANNEX_B.get(self._info.codec)
        self._bits = BitStreamFilterContext(name, in_stream=self._stream) if name else None
        self._before_key = 0

    def of(self, packet: av.Packet[VideoStream]) -> list[Packet]:
        """Return what a decoder gets for a packet, which is used up.

        Raises:
            FFmpegError: If the packet is damaged so that no units are found in it.
        """
        parts = self._bits.filter(packet) if self._bits else [packet]
        return [self._packet(part) for part in parts if part.size and self._begun(part)]

    def _begun(self, part: av.Packet) -> bool:
        """Tell whether there was a key frame, or never will be one, as far as one can see."""
        if self._before_key is not None and (
            part.is_keyframe or self._before_key >= _MOST_WITHOUT_KEY
        ):
            self._before_key = None
        elif self._before_key is not None:
            self._before_key += 1
        return self._before_key is None

    def _packet(self, part: av.Packet) -> Packet:
        pts = part.pts if part.pts is not None else part.dts
        self._latest = self._latest + self._interval if pts is None else pts
        part.pts = self._latest  # for FFmpeg, where it is that which decodes
        key = bool(part.is_keyframe)
        if key and self._beside and not self._holds_parameters(part):
            part = _prefixed(part, self._beside)
        return Packet(part.buffer_ptr, part.buffer_size, self._latest, key, part)

    def _holds_parameters(self, part: av.Packet) -> bool:
        head = bytes(memoryview(part)[:_LOOKED_AT])
        if self._info.codec == "mpeg4":
            return head.startswith(self._beside[:8])
        return sequence_parameters(self._info.codec, head) is not None


def _prefixed(part: av.Packet, beside: bytes) -> av.Packet:
    whole = av.Packet(beside + bytes(part))
    whole.pts, whole.dts, whole.time_base = part.pts, part.dts, part.time_base
    whole.is_keyframe = part.is_keyframe
    return whole

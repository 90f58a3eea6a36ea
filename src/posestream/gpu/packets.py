"""Compressed video on its way to a decoder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from posestream.gpu.surfaces import Colour, Matrix

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_ANNEX_B = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_MATRICES: dict[int, Matrix] = {1: "bt709", 5: "bt601", 6: "bt601", 9: "bt2020", 10: "bt2020"}
_MOST_UNREADABLE = 100
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


class PacketSource(Protocol):
    """A compressed stream, demuxed: a file, a camera, memory."""

    @property
    def info(self) -> VideoInfo:
        """What is known before the first packet."""
        ...

    def packets(self) -> Iterator[Packet]:
        """Yield every packet in decoding order; may wait for the network.

        Raises:
            SourceError: If nothing more can be read and that is not simply the end.
        """
        ...

    def close(self) -> None:
        """Release the input; may be called twice."""
        ...


class ContainerPackets:
    """The packets of one video stream of an open FFmpeg container.

    Whoever opened the container, with whatever network options and timeouts, hands it over here;
    so files, RTSP and HTTP are read, and reconnected, as for decoding on the CPU.

    Args:
        container: Open for reading; closed by `close`.
        stream: One of its video streams.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self.info = video_info(stream)
        self.corrupt = 0

    def packets(self) -> Iterator[Packet]:
        """Yield every packet in decoding order.

        Raises:
            SourceError: If the disk or network fails.
        """
        from av.bitstream import BitStreamFilterContext
        from av.error import FFmpegError, InvalidDataError

        from posestream.errors import SourceError

        name = _ANNEX_B.get(self.info.codec)
        bits = BitStreamFilterContext(name, in_stream=self._stream) if name else None
        last = 0
        packets = self._container.demux(self._stream)
        unreadable = 0
        while unreadable <= _MOST_UNREADABLE:
            try:
                packet = next(packets, None)
                if packet is None or not packet.size:
                    return
                unreadable = 0
                self.corrupt += packet.is_corrupt
                for part in bits.filter(packet) if bits else [packet]:
                    pts = part.pts if part.pts is not None else part.dts
                    last = last + 1 if pts is None else pts
                    yield Packet(part.buffer_ptr, part.buffer_size, last, part.is_keyframe, part)
            except IndexError:
                return  # PyAV's end of a file in which damage looked like a new stream
            except InvalidDataError:
                self.corrupt += 1  # asked again, the demuxer looks for the next packet
                unreadable += 1
                packets = self._container.demux(self._stream)
            except FFmpegError as error:
                raise SourceError(f"reading failed ({error.strerror})") from error

    def close(self) -> None:
        """Close the container; may be called twice."""
        self._container.close()


def tagged_colour(matrix: int, colour_range: int, pixel_format: str) -> Colour | None:
    """Return what FFmpeg's tags say of colours; None where they say nothing."""
    known = _MATRICES.get(matrix)
    full = colour_range == _FULL_RANGE or pixel_format.startswith("yuvj")
    return Colour(known or "bt601", full) if known or full else None


def video_info(stream: VideoStream) -> VideoInfo:
    """Return what FFmpeg knows of a stream."""
    context = stream.codec_context
    return VideoInfo(
        codec=context.codec.canonical_name,
        size=(context.width, context.height),
        pixel_format=context.pix_fmt,
        colour=tagged_colour(
            int(context.colorspace), int(context.color_range), context.pix_fmt or ""
        ),
        reordered=bool(context.has_b_frames),
        time_base=stream.time_base or Fraction(1, 1000),
        frame_rate=stream.average_rate or stream.guessed_rate,
        extradata=context.extradata or b"",
    )

"""A camera whose packets come from memory, in time, and whose frames say when theirs came."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from posestream.containers import open_media
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.opening import StreamDecoder
from posestream.gpu.packets import Packet, VideoInfo, video_info
from posestream.gpu.units import DecoderPackets
from posestream.gpu_bench.looped import LoopedPackets
from posestream.images import HostImage, Image
from posestream.sources import SourceInfo
from posestream.sources.timestamps import Timeline
from posestream.types import Frame

_USUAL_RATE = 30


class PictureDecoder(Protocol):
    """Turns packets into pictures."""

    def decode(self, packet: Packet) -> list[tuple[int, Image]]:
        """Return the pictures that are finished now, with their times in ticks, in order."""
        ...


class PacketTimedSource:
    """Frames whose ``wall_s`` is when their packet came, not when they were decoded.

    So a latency that counts from there goes from packet to people.

    Args:
        name: Name of the stream.
        packets: In time, as from a camera.
        decoder: Decodes them.
    """

    corrupt_frames = 0

    def __init__(self, name: str, packets: LoopedPackets, decoder: PictureDecoder) -> None:
        self.name = name
        self._packets, self._decoder = packets, decoder
        info = packets.info
        self.info = SourceInfo(
            size=info.size, frame_rate=info.frame_rate, frame_count=None, live=True, ends=False
        )

    def frames(self) -> Iterator[Frame]:
        """Yield every frame, in order, for ever."""
        info = self._packets.info
        timeline = Timeline(time_base=info.time_base, frame_rate=info.frame_rate)
        came_s: dict[int, float] = {}
        index = 0
        for packet in self._packets.packets():
            came_s[packet.pts] = time.time()
            for pts, image in self._decoder.decode(packet):
                yield Frame(
                    stream=self.name,
                    index=index,
                    pts=timeline.place(pts),
                    time_base=info.time_base,
                    image=image,
                    wall_s=came_s.pop(pts, time.time()),
                )
                index += 1

    def close(self) -> None:
        """End before the next packet."""
        self._packets.close()


class GpuPictures:
    """The product's own decoder, whose pictures stay on the GPU.

    Args:
        name: Name of the stream, for the log.
        info: What is decoded.
        device: Index of the GPU.
    """

    def __init__(self, name: str, info: VideoInfo, *, device: int) -> None:
        self._decoder = StreamDecoder(name, info, device=device)

    def decode(self, packet: Packet) -> list[tuple[int, Image]]:
        """Return the pictures that are finished now, with their times in ticks, in order."""
        return [(pts, CudaImage(surface)) for pts, surface in self._decoder.decode(packet)]


class HostPictures:
    """FFmpeg on one thread, for trying all of this without a GPU.

    Args:
        info: What is decoded.
    """

    def __init__(self, info: VideoInfo) -> None:
        from av.codec import CodecContext

        self._context: Any = CodecContext.create(info.codec, "r")
        self._context.thread_count = 1

    def decode(self, packet: Packet) -> list[tuple[int, Image]]:
        """Return the pictures that are finished now, with their times in ticks, in order."""
        from av import Packet as Bytes

        data: Any = packet.owner
        ours = Bytes(data)
        ours.pts = packet.pts
        return [(frame.pts, HostImage(frame)) for frame in self._context.decode(ours)]


@dataclass(frozen=True, slots=True)
class Reel:
    """The packets of a clip, in memory."""

    info: VideoInfo
    """What they are."""
    packets: tuple[tuple[bytes, int, bool], ...]
    """Bytes, time in ticks, and whether decoding can begin there; the first is a key frame."""
    ticks: int
    """Length of the clip."""

    def played(self, *, rate: float | None) -> LoopedPackets:
        """Return the packets, repeated for ever.

        Args:
            rate: How many come in a second; None for as fast as they are taken.
        """
        return LoopedPackets(
            self.info, self.packets, ticks=self.ticks, times=None, frames_per_s=rate
        )


def read_reel(clip: Path) -> Reel:
    """Read a clip's packets.

    Args:
        clip: A video file that begins with a key frame.

    Raises:
        SourceError: If it cannot be read.
    """
    with open_media(clip) as container:
        stream = container.streams.video[0]
        info = video_info(stream)
        units = DecoderPackets(stream, info)
        packets = tuple(
            (_bytes(one), one.pts, one.key)
            for packet in container.demux(stream)
            if packet.size
            for one in units.of(packet)
        )
    shown = sorted(pts for _, pts, _ in packets)
    last = Fraction(1) / (info.frame_rate or _USUAL_RATE) / info.time_base
    return Reel(info, packets, shown[-1] - shown[0] + round(last))


def picture_decoder(name: str, info: VideoInfo, *, device: int | None) -> PictureDecoder:
    """Return what decodes a stream on a GPU, or on the CPU where there is none.

    Raises:
        SourceError: If it cannot be decoded.
    """
    return HostPictures(info) if device is None else GpuPictures(name, info, device=device)


def _bytes(packet: Packet) -> bytes:
    owner: Any = packet.owner
    return bytes(owner)

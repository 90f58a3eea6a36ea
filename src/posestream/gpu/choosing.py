"""Choose for each stream who decodes it: the GPU wherever it can, else FFmpeg on the CPU."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

import av
from av.video.stream import VideoStream

from posestream.gpu.nvdec import UnsupportedVideoError, check_supported
from posestream.gpu.opening import StreamDecoder
from posestream.gpu.packets import VideoInfo, video_info
from posestream.gpu.pictures import GpuPictures, OpenDecoder
from posestream.sources.exif import UPRIGHT
from posestream.sources.orientation import frame_orientation
from posestream.sources.pictures import FfmpegPictures, Picture, PictureDecoder

_log = logging.getLogger("posestream.gpu")
_MOST_LOOKED_AT = 600


class GpuDecoding:
    """Opens what decodes streams for one GPU; sources take it as their ``open_pictures``.

    Codec, size and pixel format are known beforehand, rotation only from a picture; so FFmpeg
    decodes the first one of recordings, which alone have such a thing. What a GPU cannot decode,
    or nobody there would turn, is decoded on the CPU; the log says so once, and why.

    Args:
        device: Index of the GPU.
        check: Refuses what the GPU cannot decode; by default asks the GPU.
        open_decoder: Makes its decoders; by default `StreamDecoder`.
    """

    def __init__(
        self,
        *,
        device: int = 0,
        check: Callable[[VideoInfo], None] | None = None,
        open_decoder: OpenDecoder | None = None,
    ) -> None:
        self.description = f"the GPU's own decoder (cuda:{device})"
        """Who decodes, for people."""
        self._check = check or (lambda info: check_supported(info, device=device))
        self._open = open_decoder or (lambda name, info: StreamDecoder(name, info, device=device))
        self._told: set[tuple[str, str]] = set()

    def __call__(
        self, stream: VideoStream, *, name: str, threads: int, ahead: bool
    ) -> PictureDecoder:
        """Return what decodes a stream; see `posestream.sources.pictures.OpenPictures`.

        Raises:
            SourceError: If it cannot be decoded at all.
        """
        info = video_info(stream)
        if not self._can(name, info):
            return FfmpegPictures(stream, name=name, threads=threads, ahead=ahead)

        def on_gpu() -> GpuPictures:
            return GpuPictures(stream, name=name, info=info, open_decoder=self._open)

        if not ahead:
            return on_gpu()
        host = FfmpegPictures(stream, name=name, threads=threads, ahead=False)
        return FirstLook(stream, host, on_gpu, suits=lambda frame: self._suits(name, info, frame))

    def _suits(self, name: str, info: VideoInfo, frame: av.VideoFrame) -> bool:
        """Tell whether the GPU takes a stream that begins with this picture."""
        if frame_orientation(frame) != UPRIGHT:
            self._tell(name, "it is to be turned, which the GPU path does not do")
            return False
        size, pixel_format = (frame.width, frame.height), frame.format.name
        return self._can(name, replace(info, size=size, pixel_format=pixel_format))

    def _can(self, name: str, info: VideoInfo) -> bool:
        try:
            self._check(info)
        except UnsupportedVideoError as error:
            self._tell(name, str(error))
            return False
        return True

    def _tell(self, name: str, reason: str) -> None:
        if (name, reason) not in self._told:
            self._told.add((name, reason))
            _log.warning("%s: decoded on the CPU: %s", name, reason)


class FirstLook:
    """Lets FFmpeg decode the first picture, and then chooses who decodes the stream.

    Args:
        stream: Whose packets it gets.
        host: FFmpeg on the CPU.
        open_gpu: Makes what decodes on the GPU, from the first packet on.
        suits: Tells from the first picture whether the GPU can.
    """

    def __init__(
        self,
        stream: VideoStream,
        host: FfmpegPictures,
        open_gpu: Callable[[], PictureDecoder],
        *,
        suits: Callable[[av.VideoFrame], bool],
    ) -> None:
        self._stream, self._host = stream, host
        self._open_gpu, self._suits = open_gpu, suits
        self._chosen: PictureDecoder = host
        self._looked_at: list[av.Packet[VideoStream]] | None = []

    @property
    def corrupt(self) -> int:
        """Damaged packets and pictures so far."""
        return self._chosen.corrupt

    @corrupt.setter
    def corrupt(self, count: int) -> None:
        self._chosen.corrupt = count

    @property
    def barren(self) -> int:
        """Packets in a row, up to the latest, that gave no picture."""
        return self._chosen.barren

    @property
    def failed(self) -> int:
        """How many of these failed to be decoded."""
        return self._chosen.failed

    @property
    def swaps_axes(self) -> bool:
        """Whether the latest picture's columns became rows when it was turned upright."""
        return self._chosen.swaps_axes

    def decode(self, packet: av.Packet[VideoStream]) -> Sequence[Picture]:
        """Return the pictures that a packet completes."""
        if self._looked_at is None:
            return self._chosen.decode(packet)
        self._looked_at.append(packet)
        shown = self._host.decode(packet)
        if not shown and len(self._looked_at) <= _MOST_LOOKED_AT:
            return ()
        packets, self._looked_at = self._looked_at, None
        if not shown or not self._suits(shown[0].frame):
            return shown
        self._stream.codec_context.flush_buffers()
        gpu = self._chosen = self._open_gpu()
        return [picture for each in packets for picture in gpu.decode(each)]

    def restart(self) -> None:
        """Forget what is held back: the next packet comes from elsewhere in the stream."""
        if self._looked_at is not None:
            self._looked_at.clear()
        self._chosen.restart()

    def close(self) -> None:
        """Let the decoder go; pictures stay."""
        self._looked_at = None
        self._chosen.close()

"""Decode on the GPU's own video decoder, through PyNvVideoCodec, into surfaces that stay there."""

from __future__ import annotations

import functools
import threading
from typing import Any, Protocol

from posestream.errors import SourceError
from posestream.gpu.cuda_driver import primary_context
from posestream.gpu.device_memory import aligned_copy
from posestream.gpu.libraries import import_video_codec
from posestream.gpu.packets import Packet, VideoInfo
from posestream.gpu.parameter_sets import begins_sequence
from posestream.gpu.presentation import PresentationTimes
from posestream.gpu.recording import TRAFFIC
from posestream.gpu.surfaces import ALIGNMENT, Colour, Surface

CODECS = {
    "h264": "H264",
    "hevc": "HEVC",
    "av1": "AV1",
    "vp8": "VP8",
    "vp9": "VP9",
    "mpeg1video": "MPEG1",
    "mpeg2video": "MPEG2",
    "mpeg4": "MPEG4",
}
"""What NVIDIA's decoders know, by FFmpeg's names; which of them a GPU has is asked of the GPU."""
PIXEL_FORMATS = ("yuv420p", "yuvj420p", "nv12")
"""What they turn into 8-bit NV12."""
_opening = threading.Lock()


class UnsupportedVideoError(SourceError):
    """A GPU's video decoder cannot decode this; a CPU may."""


class Decoder(Protocol):
    """Decodes one stream into surfaces of one GPU; one thread at a time calls it."""

    @property
    def description(self) -> str:
        """Who decodes, for people."""
        ...

    @property
    def corrupt(self) -> int:
        """Packets so far that yielded no picture."""
        ...

    def decode(self, packet: Packet) -> list[tuple[int, Surface]]:
        """Return the pictures that are finished now, with their times, in order."""
        ...

    def flush(self) -> list[tuple[int, Surface]]:
        """Return the pictures that were held back for their order; decoding may go on."""
        ...


class NvdecDecoder:
    """The video decoder of an NVIDIA GPU.

    Surfaces are the decoder's own output buffers, lent until they are released; it makes more of
    them while all are lent, so whoever takes them bounds how many.

    Args:
        info: What is to be decoded.
        device: Index of the GPU.

    Raises:
        UnsupportedVideoError: If this GPU cannot decode it; the message says why.
        MissingDependencyError: If PyNvVideoCodec is not installed.
    """

    def __init__(self, info: VideoInfo, *, device: int = 0) -> None:
        codec = import_video_codec()
        with TRAFFIC.alongside:
            check_supported(info, device=device)
            context = primary_context(device)
        self._info, self._device = info, device
        self._immediate = not info.reordered
        latency = codec.DisplayDecodeLatencyType
        self._flag = int(codec.VideoPacketFlag.ENDOFPICTURE) if self._immediate else 0
        self._packet = codec.PacketData
        self._nv12 = codec.Pixel_Format.NV12
        self._unsupported = codec.PyNvVCExceptionUnsupported
        self._failures = (codec.PyNvVCException, RuntimeError)
        self._times = PresentationTimes()
        self._geometry: tuple[tuple[int, int], int, Colour] | None = None
        self._decoder = self._opened(
            gpuid=device,
            codec=getattr(codec.cudaVideoCodec, CODECS[info.codec]),
            cudacontext=context,
            usedevicememory=True,
            latency=latency.LOW if self._immediate else latency.NATIVE,
        )

    @property
    def description(self) -> str:
        """Who decodes, for people."""
        return f"NVDEC of cuda:{self._device}"

    @property
    def corrupt(self) -> int:
        """Packets so far that yielded no picture."""
        return self._times.lost

    def decode(self, packet: Packet) -> list[tuple[int, Surface]]:
        """Return the pictures that are finished now, with their times, in order.

        Raises:
            UnsupportedVideoError: If it turns out that the GPU cannot decode this.
        """
        before: list[tuple[int, Surface]] = []
        if len(self._times) and begins_sequence(self._info.codec, packet):
            before = self.flush()  # so that a lost picture shifts no times beyond this one
        self._times.submitted(packet.pts)
        data = self._packet()
        data.bsl_data, data.bsl, data.pts = packet.address, packet.size, packet.pts
        data.decode_flag = self._flag
        return before + self._taken(data, shown_at_once=self._immediate)

    def flush(self) -> list[tuple[int, Surface]]:
        """Return the pictures that were held back for their order; decoding may go on."""
        pictures = self._taken(self._packet(), shown_at_once=False)
        self._times.flushed()
        return pictures

    def _opened(self, **options: Any) -> _Kept:
        try:
            with (
                TRAFFIC.alongside,
                _opening,
            ):  # side by side they are no faster, and the driver takes it amiss
                return _Kept(import_video_codec().CreateDecoder(**options))
        except self._unsupported as error:
            raise UnsupportedVideoError(_reason(error)) from error
        except self._failures as error:
            raise SourceError(f"{self.description} cannot be opened: {_reason(error)}") from error

    def _taken(self, data: Any, *, shown_at_once: bool) -> list[tuple[int, Surface]]:
        with TRAFFIC.alongside:
            return self._taken_alongside(data, shown_at_once=shown_at_once)

    def _taken_alongside(self, data: Any, *, shown_at_once: bool) -> list[tuple[int, Surface]]:
        decoder = self._decoder.held
        try:
            count = decoder.GetNumDecodedFrame(data)
        except self._unsupported as error:
            raise UnsupportedVideoError(_reason(error)) from error
        except self._failures as error:
            raise SourceError(f"{self.description} failed: {_reason(error)}") from error
        if count and self._geometry is None:
            self._geometry = self._learned()
        addresses = [decoder.GetLockedFrame() for _ in range(count)]
        times = self._times.shown(count)
        if shown_at_once and not count:
            self._times.flushed()  # each packet is one picture here, and this one was lost
        if not count or self._geometry is None:
            return []
        decoder.SyncOnCUStream()  # for the copies out of the decoder
        return [
            (pts, self._surface(address, *self._geometry))
            for pts, address in zip(times, addresses, strict=True)
        ]

    def _surface(self, address: int, size: tuple[int, int], pitch: int, colour: Colour) -> Surface:
        release = functools.partial(self._decoder.unlock, address)
        if pitch % ALIGNMENT or address % ALIGNMENT:
            rows = size[1] + (size[1] + 1) // 2
            copy = aligned_copy(
                address, rows=rows, pitch=pitch, alignment=ALIGNMENT, device=self._device
            )
            release()
            address, pitch = copy.data_ptr(), copy.shape[1]
            release = [copy].clear
        return Surface(
            address,
            address + pitch * size[1],
            pitch=pitch,
            size=size,
            colour=colour,
            device=self._device,
            release=release,
        )

    def _learned(self) -> tuple[tuple[int, int], int, Colour]:
        """Return size, pitch and colour of the pictures.

        Raises:
            UnsupportedVideoError: If they are not NV12.
        """
        decoder = self._decoder.held
        if decoder.GetPixelFormat() != self._nv12:
            found = str(decoder.GetPixelFormat()).rsplit(".", 1)[-1]
            raise UnsupportedVideoError(f"pictures are {found}; the GPU path takes 8-bit 4:2:0")
        width, height = decoder.GetWidth(), decoder.GetHeight()
        if width % 2 or height % 2:
            raise UnsupportedVideoError(
                f"pictures of {width} x {height} pixels; the GPU path takes even sizes"
            )
        pitch = decoder.GetFrameSize() // (height + height // 2)
        return (width, height), pitch, self._info.colour or Colour.usual(height)


class _Kept:
    """A decoder of the library's and, as long as it lends pictures, what keeps it."""

    __slots__ = ("held",)

    def __init__(self, decoder: Any) -> None:
        self.held: Any = decoder

    def unlock(self, address: int) -> None:
        """Take a picture back."""
        self.held.UnlockFrame(address)

    def __del__(self) -> None:
        held, self.held = [self.held], None
        TRAFFIC.let_go(held)


def check_supported(info: VideoInfo, *, device: int) -> None:
    """Make sure that a GPU has a decoder for a stream, as far as is known of it.

    Raises:
        UnsupportedVideoError: If it has not.
    """
    if info.codec not in CODECS:
        raise UnsupportedVideoError(
            f"codec {info.codec!r}; allowed on a GPU: {', '.join(sorted(CODECS))}"
        )
    if info.pixel_format not in (None, *PIXEL_FORMATS):
        raise UnsupportedVideoError(
            f"pixel format {info.pixel_format}; allowed on a GPU: {', '.join(PIXEL_FORMATS)}"
        )
    width, height = info.size
    if width % 2 or height % 2:
        raise UnsupportedVideoError(
            f"pictures of {width} x {height} pixels; the GPU path takes even sizes"
        )
    found = _capabilities(info.codec, device)
    if not found.get("supported"):
        raise UnsupportedVideoError(f"this GPU has no decoder for {info.codec}")
    smallest = found["width_min"], found["height_min"]
    largest = found["width_max"], found["height_max"]
    if width and not (smallest[0] <= width <= largest[0] and smallest[1] <= height <= largest[1]):
        raise UnsupportedVideoError(
            f"{width} x {height} pixels; this GPU decodes {info.codec} of {smallest[0]} x "
            f"{smallest[1]} to {largest[0]} x {largest[1]}"
        )


def decodable(device: int) -> list[str]:
    """Return the codecs that a GPU decodes, by FFmpeg's names.

    Raises:
        MissingDependencyError: If PyNvVideoCodec is not installed, or the driver has no video.
    """
    return [codec for codec in CODECS if _capabilities(codec, device).get("supported")]


@functools.cache
def _capabilities(codec_name: str, device: int) -> dict[str, int]:
    codec = import_video_codec()
    return codec.GetDecoderCaps(
        gpuid=device, codec=getattr(codec.cudaVideoCodec, CODECS[codec_name])
    )


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if line.startswith("Error Type")]
    reason = (told or lines or [type(error).__name__])[0].removeprefix("Error Type : ")
    if reason.endswith("error 2"):  # CUDA_ERROR_OUT_OF_MEMORY
        reason += ": out of memory, or too many decoders at once"
    return reason

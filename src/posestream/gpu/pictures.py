"""Pictures of files and network streams, decoded on a GPU, behind the seam that sources have."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from posestream.errors import SourceError
from posestream.gpu.cuda_image import CudaImage
from posestream.gpu.nvdec import Decoder, UnsupportedVideoError
from posestream.gpu.packets import VideoInfo
from posestream.gpu.surfaces import Surface
from posestream.gpu.units import DecoderPackets

_log = logging.getLogger("posestream.gpu")
_MOST_FAILURES = 3
OpenDecoder = Callable[[str, VideoInfo], Decoder]
"""Makes a decoder for a stream of a name."""


class GpuPicture:
    """A picture in a GPU's memory, which goes back to the decoder unless it is asked for.

    Args:
        pts: Presentation time, ticks.
        surface: Its pixels.
    """

    __slots__ = ("_surface", "pts")
    damaged = False

    def __init__(self, pts: int, surface: Surface) -> None:
        self.pts: int | None = pts
        self._surface: Surface | None = surface

    def image(self, *, duration: int | None = None) -> CudaImage:
        """Hand the pixels over; to be called once.

        Args:
            duration: How long it is shown, ticks; None where unknown.
        """
        # Not kept here, so that they live no longer than whoever asked wants them to.
        surface, self._surface = self._surface, None
        assert surface is not None
        return CudaImage(surface, duration=duration)


class GpuPictures:
    """Decodes one stream on a GPU.

    What comes before the first key frame is left out. A decoder that fails is made anew, and goes
    on at the next key frame; one that fails again before it has shown a picture is given up.

    Args:
        stream: Whose packets it gets.
        name: Name of the stream, for the log.
        info: What is known of it.
        open_decoder: Makes its decoder.

    Attributes:
        corrupt: Packets so far that were damaged or yielded no picture.
        barren: Packets in a row, up to the latest, that gave no picture.
        failed: How many of these failed to be decoded.

    Raises:
        SourceError: If it cannot be decoded.
    """

    swaps_axes = False

    def __init__(
        self, stream: VideoStream, *, name: str, info: VideoInfo, open_decoder: OpenDecoder
    ) -> None:
        self.corrupt = self.barren = self.failed = 0
        self._name, self._info, self._open = name, info, open_decoder
        self._units = DecoderPackets(stream, info)
        self._failures = 0
        self._decoder: Decoder | None = open_decoder(name, info)

    def decode(self, packet: av.Packet[VideoStream]) -> Sequence[GpuPicture]:
        """Return the pictures that a packet completes, in order.

        Raises:
            SourceError: If the decoder fails over and over.
        """
        decoder = self._decoder
        if decoder is None:
            return ()
        lost_before, marked = decoder.corrupt, packet.is_corrupt
        try:
            found = self._decoded(decoder, packet)
        except (FFmpegError, SourceError) as error:
            self._recover(error)
            return ()
        lost = decoder.corrupt - lost_before
        self.corrupt += max(lost, marked)
        if found:
            self.barren = self.failed = self._failures = 0
        else:
            self.barren += 1
            self.failed += lost > 0
        return [GpuPicture(pts, surface) for pts, surface in found]

    def restart(self) -> None:
        """Forget what is held back: the next packet comes from elsewhere in the stream."""
        if self._decoder is not None:
            self._decoder.flush()
        self._units.restart()

    def close(self) -> None:
        """Let the decoder go, once nobody holds a picture of it any more."""
        self._decoder = None

    def _decoded(
        self, decoder: Decoder, packet: av.Packet[VideoStream]
    ) -> list[tuple[int, Surface]]:
        if not packet.size:
            return decoder.flush()
        return [found for unit in self._units.of(packet) for found in decoder.decode(unit)]

    def _recover(self, error: FFmpegError | SourceError) -> None:
        """Count a packet that failed, and replace a decoder that did.

        Raises:
            SourceError: If it failed too often.
        """
        self.corrupt += 1
        self.barren += 1
        self.failed += 1
        if isinstance(error, FFmpegError):
            return  # it never came to the decoder
        self._failures += 1
        if self._failures > _MOST_FAILURES or isinstance(error, UnsupportedVideoError):
            raise error
        _log.warning("%s: %s; its decoder is made anew", self._name, error)
        self._decoder = self._open(self._name, self._info)
        self._units.restart()

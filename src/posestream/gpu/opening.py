"""Decode a stream on the GPU where that can be, else on the CPU, and say so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from posestream.gpu.host_decoding import HostDecoder
from posestream.gpu.nvdec import Decoder, NvdecDecoder, UnsupportedVideoError
from posestream.gpu.packets import Packet, VideoInfo
from posestream.gpu.parameter_sets import ParameterWatch
from posestream.gpu.surfaces import Surface

_log = logging.getLogger("posestream.gpu")
_MOST_UNPROVEN = 64
Open = Callable[[VideoInfo], Decoder]


class StreamDecoder:
    """Decodes one stream, whatever it turns into on its way.

    Where its parameters change, what is decoded so far comes out first, and a new decoder, on the
    GPU again if it can, goes on. What a GPU cannot decode (10 bits, 4:2:2, 4:4:4, old codecs)
    is decoded by FFmpeg on the CPU; the log says so once for each change.

    Args:
        name: Name of the stream, for the log.
        info: What is known of it.
        device: Index of the GPU that the pictures are for.
        on_gpu: Makes the GPU's decoder; by default `NvdecDecoder`.
        on_cpu: Makes the CPU's decoder; by default `HostDecoder`.

    Raises:
        SourceError: If neither can decode it.
    """

    def __init__(
        self,
        name: str,
        info: VideoInfo,
        *,
        device: int = 0,
        on_gpu: Open | None = None,
        on_cpu: Open | None = None,
    ) -> None:
        self._name, self._info = name, info
        self._on_gpu = on_gpu or (lambda info: NvdecDecoder(info, device=device))
        self._on_cpu = on_cpu or (lambda info: HostDecoder(info, device=device))
        self._watch = ParameterWatch(info.codec)
        self._corrupt_before = 0
        self._unproven: list[Packet] | None = []  # what a second decoder would need, too
        self._decoder = self._opened(info)

    @property
    def description(self) -> str:
        """Who decodes now, for people."""
        return self._decoder.description

    @property
    def corrupt(self) -> int:
        """Packets so far that yielded no picture."""
        return self._corrupt_before + self._decoder.corrupt

    def decode(self, packet: Packet) -> list[tuple[int, Surface]]:
        """Return the pictures that are finished now, with their times, in order."""
        before: list[tuple[int, Surface]] = []
        if self._watch.changed(packet):
            _log.info("%s: the video changes its size or format", self._name)
            before = self.flush()
            self._corrupt_before += self._decoder.corrupt
            # What was known of size, chroma and colours was true of the old stream.
            self._info = replace(self._info, size=(0, 0), pixel_format=None, colour=None)
            self._unproven = []
            self._decoder = self._opened(self._info)
        return before + self._decoded(packet)

    def flush(self) -> list[tuple[int, Surface]]:
        """Return the pictures that were held back for their order."""
        return self._decoder.flush()

    def _decoded(self, packet: Packet) -> list[tuple[int, Surface]]:
        unproven = self._unproven
        if unproven is None:
            return self._decoder.decode(packet)
        unproven.append(packet)
        try:
            pictures = self._decoder.decode(packet)
        except UnsupportedVideoError as error:
            # It shows with the first picture at the latest, so the CPU begins where it began.
            decoder = self._fall_back(error)
            pictures = [picture for each in unproven for picture in decoder.decode(each)]
        if pictures or len(unproven) > _MOST_UNPROVEN:
            self._unproven = None
        return pictures

    def _opened(self, info: VideoInfo) -> Decoder:
        try:
            return self._on_gpu(info)
        except UnsupportedVideoError as error:
            return self._fall_back(error)

    def _fall_back(self, error: UnsupportedVideoError) -> Decoder:
        _log.warning("%s: decoded on the CPU: %s", self._name, error)
        self._decoder = self._on_cpu(self._info)
        return self._decoder

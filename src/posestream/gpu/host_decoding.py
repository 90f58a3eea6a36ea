"""Decode on the CPU what a GPU cannot, and send the pictures up; the rest of the path is the same.

This is for the odd stream. Many of them are better off on the CPU altogether, for a picture of
1080 lines costs 3 MB on its way up.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.errors import SourceError
from posestream.gpu.libraries import import_torch
from posestream.gpu.packets import Packet, VideoInfo, tagged_colour
from posestream.gpu.recording import TRAFFIC
from posestream.gpu.surfaces import ALIGNMENT, Colour, Surface


class HostDecoder:
    """FFmpeg on the CPU, with the same face as a GPU's decoder.

    Args:
        info: What is to be decoded.
        device: Index of the GPU that gets the pictures; None to leave them in main memory, which
            only tests want.

    Raises:
        SourceError: If FFmpeg has no decoder for it.
    """

    def __init__(self, info: VideoInfo, *, device: int | None = 0) -> None:
        from av.codec import CodecContext
        from av.codec.codec import UnknownCodecError

        try:
            self._context: Any = CodecContext.create(info.codec, "r")
        except UnknownCodecError as error:
            raise SourceError(f"this FFmpeg has no decoder for {info.codec!r}") from error
        if info.extradata and info.codec not in ("h264", "hevc"):  # theirs is in the packets
            self._context.extradata = info.extradata
        self._info, self._device = info, device
        self.corrupt = 0

    @property
    def description(self) -> str:
        """Who decodes, for people."""
        return "FFmpeg on the CPU"

    def decode(self, packet: Packet) -> list[tuple[int, Surface]]:
        """Return the pictures that are finished now, with their times, in order."""
        return self._pictures(packet.owner)

    def flush(self) -> list[tuple[int, Surface]]:
        """Return the pictures that were held back for their order; decoding may go on."""
        pictures = self._pictures(None)
        self._context.flush_buffers()
        return pictures

    def _pictures(self, packet: object) -> list[tuple[int, Surface]]:
        from av.error import FFmpegError

        try:
            frames = self._context.decode(packet)
        except FFmpegError:
            self.corrupt += 1
            return []
        self.corrupt += sum(frame.is_corrupt for frame in frames)
        colour = self._info.colour
        return [
            (frame.pts or 0, sent_to_gpu(frame, device=self._device, colour=colour))
            for frame in frames
        ]


def sent_to_gpu(frame: Any, *, device: int | None, colour: Colour | None = None) -> Surface:
    """Copy an FFmpeg frame of any pixel format to a GPU.

    Args:
        frame: An `av.VideoFrame`.
        device: Index of the GPU; None to stay in main memory, which only tests want.
        colour: What its values mean; by default what it says itself, or what is usual.
    """
    torch = import_torch()
    if colour is None:
        tags = int(frame.colorspace), int(frame.color_range), frame.format.name
        colour = tagged_colour(*tags, height=frame.height)
    # From RGB, the conversion makes BT.601 with limited range, as FFmpeg does without tags.
    rgb = not frame.format.name.startswith(("yuv", "nv", "p0", "gray"))
    nv12 = packed_nv12(frame.reformat(format="nv12", threads=1))
    pixels = torch.from_numpy(nv12)
    if device is not None:
        with TRAFFIC.alongside:
            pixels = pixels.pin_memory().to(f"cuda:{device}", non_blocking=True)
            torch.cuda.current_stream(device).synchronize()
    pitch = nv12.shape[1]
    kept = [pixels]
    return Surface(
        pixels.data_ptr(),
        pixels.data_ptr() + frame.height * pitch,
        pitch=pitch,
        size=(frame.width, frame.height),
        colour=Colour("bt601") if rgb else colour or Colour.usual(frame.height),
        device=device,
        release=kept.clear,
    )


def packed_nv12(frame: Any) -> npt.NDArray[np.uint8]:
    """Return an NV12 frame's planes as ``(H + ceil(H / 2), pitch)``, aligned as surfaces are.

    The first row lies at a multiple of 64 bytes, wherever numpy would have put it.
    """
    height, half = frame.height, (frame.height + 1) // 2
    pitch = -(-frame.width // 64) * 64
    memory = np.empty((height + half) * pitch + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    packed = memory[start : start + (height + half) * pitch].reshape(-1, pitch)
    for target, plane in zip((packed[:height], packed[height:]), frame.planes, strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        columns = min(pitch, plane.line_size)
        target[:, :columns] = rows[:, :columns]
    return packed

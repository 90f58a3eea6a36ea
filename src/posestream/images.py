"""Where a frame's pixels live.

`HostImage` is a frame as FFmpeg decoded it, in main memory and in its own pixel format. Nothing
here converts a whole frame unless a caller asks for the whole frame.
"""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from typing import Protocol

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace, VideoReformatter

_REFORMATTERS_PER_THREAD = 64
_HD_HEIGHT = 720
_EXACT = 0x2 | 0x2000 | 0x40000  # SWS_BILINEAR, SWS_FULL_CHR_H_INT, SWS_ACCURATE_RND
"""Flags of FFmpeg's scaler; its usual tables make video two levels of 255 darker than it is."""
_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED, which PyAV's enumeration leaves out


class Image(Protocol):
    """Pixels of one frame, wherever they are."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        ...

    def resized_rgb(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Return the whole frame scaled to ``(height, width, 3)`` RGB."""
        ...

    def crop_rgb(
        self, region: tuple[int, int, int, int], width: int, height: int
    ) -> npt.NDArray[np.uint8]:
        """Return a region (left, top, right, bottom) scaled to ``(height, width, 3)`` RGB.

        What lies outside the frame is black.
        """
        ...

    def rgb(self) -> npt.NDArray[np.uint8]:
        """Return ``(H, W, 3)`` RGB at full size; costs a full-frame conversion."""
        ...

    def yuv420p_copy(self) -> HostImage:
        """Return an 8-bit YUV 4:2:0 copy in main memory that may be drawn on."""
        ...


class HostImage:
    """A decoded FFmpeg frame in main memory.

    Treat ``frame`` as read-only: the decoder may still predict other frames from it. Draw on what
    `yuv420p_copy` returns.
    """

    __slots__ = ("frame",)

    def __init__(self, frame: av.VideoFrame) -> None:
        self.frame = frame

    @classmethod
    def from_rgb(cls, pixels: npt.NDArray[np.uint8]) -> HostImage:
        """Wrap ``(H, W, 3)`` RGB pixels; they are copied.

        Raises:
            ValueError: If the array is not 8-bit RGB.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(f"pixels must be (H, W, 3) uint8, not {pixels.shape} {pixels.dtype}")
        return cls(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24"))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.frame.width, self.frame.height

    def resized_rgb(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Return the whole frame scaled to ``(height, width, 3)`` RGB in one step."""
        return np.asarray(self._convert("rgb24", width, height).to_ndarray(), np.uint8)

    def crop_rgb(
        self, region: tuple[int, int, int, int], width: int, height: int
    ) -> npt.NDArray[np.uint8]:
        """Return a region scaled to ``(height, width, 3)`` RGB; only the region is converted.

        Args:
            region: Left, top, right, bottom in frame pixels; outside the frame is black. Where
                chroma is subsampled and left or top odd, colours are off by half a pixel.
            width: Width of what is returned, pixels.
            height: Height of what is returned, pixels.

        Raises:
            ValueError: If the region is empty.
        """
        left, top, right, bottom = region
        if right <= left or bottom <= top:
            raise ValueError(f"region {region} is empty")
        x0, x1, u0, u1 = _visible(left, right, self.size[0], width)
        y0, y1, v0, v1 = _visible(top, bottom, self.size[1], height)
        crop = np.zeros((height, width, 3), np.uint8)
        if u1 > u0 and v1 > v0:
            part = _cropped(self.frame, x0, y0, x1, y1)
            pixels = _per_thread.crops.reformat(
                part,
                width=u1 - u0,
                height=v1 - v0,
                format="rgb24",
                src_colorspace=_source_colorspace(self.frame),
                interpolation=_EXACT,
                threads=1,
            )
            crop[v0:v1, u0:u1] = pixels.to_ndarray()
        return crop

    def rgb(self) -> npt.NDArray[np.uint8]:
        """Return ``(H, W, 3)`` RGB at full size."""
        return self.resized_rgb(*self.size)

    def yuv420p_copy(self) -> HostImage:
        """Return an 8-bit YUV 4:2:0 copy that may be drawn on, with the frame's colour tags."""
        if self.frame.format.name == "yuv420p":
            copy = av.VideoFrame(*self.size, "yuv420p")
            for target, source in zip(plane_arrays(copy), plane_arrays(self.frame), strict=True):
                np.copyto(target, source)
            copy.colorspace, copy.color_range = self.frame.colorspace, self.frame.color_range
            copy.color_trc, copy.color_primaries = (
                self.frame.color_trc,
                self.frame.color_primaries,
            )
            copy.duration = self.frame.duration
        else:
            matrix = _target_colorspace(self.frame)
            copy = self._convert("yuv420p", *self.size, dst_colorspace=matrix)
        copy.pts = self.frame.pts
        if self.frame.time_base is not None:
            copy.time_base = self.frame.time_base
        return HostImage(copy)

    def _convert(
        self, pixel_format: str, width: int, height: int, *, dst_colorspace: int | None = None
    ) -> av.VideoFrame:
        frame, matrix = self.frame, _source_colorspace(self.frame)
        colours = (frame.format.name, frame.colorspace, frame.color_range, matrix, dst_colorspace)
        return _reformatter((self.size, width, height, pixel_format, *colours)).reformat(
            frame,
            width=width,
            height=height,
            format=pixel_format,
            src_colorspace=matrix,
            dst_colorspace=dst_colorspace,
            interpolation=_EXACT,
            threads=1,
        )


def plane_arrays(frame: av.VideoFrame) -> list[npt.NDArray[np.uint8]]:
    """Return each plane of an 8-bit planar frame as a ``(height, width)`` view of its memory."""
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    ]


def _source_colorspace(frame: av.VideoFrame) -> int | None:
    """Name the matrix of untagged video as players guess it: BT.709 from 720 lines on."""
    guess = frame.colorspace == _UNSPECIFIED and _is_yuv(frame.format.name)
    return int(Colorspace.ITU709) if guess and frame.height >= _HD_HEIGHT else None


def _target_colorspace(frame: av.VideoFrame) -> int | None:
    """Name the matrix for a YUV copy, so that it is tagged where RGB or untagged video is not."""
    if frame.colorspace != _UNSPECIFIED and _is_yuv(frame.format.name):
        return None
    return int(Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601)


@functools.cache
def _is_yuv(pixel_format: str) -> bool:
    """Tell formats with luma and two colour differences, also those of hardware such as NV12."""
    layout = av.VideoFormat(pixel_format, 64, 64)
    return not layout.is_rgb and len(layout.components) >= 3 and pixel_format[:3] != "xyz"


class _PerThread(threading.local):
    """Scaler contexts, which are costly to set up and must not be shared between threads."""

    def __init__(self) -> None:
        self.reformatters: OrderedDict[object, VideoReformatter] = OrderedDict()
        self.crops = VideoReformatter()


_per_thread = _PerThread()


def _reformatter(geometry: object) -> VideoReformatter:
    cache = _per_thread.reformatters
    if geometry not in cache:
        if len(cache) >= _REFORMATTERS_PER_THREAD:
            cache.popitem(last=False)
        cache[geometry] = VideoReformatter()
    cache.move_to_end(geometry)
    return cache[geometry]


def _visible(start: int, end: int, limit: int, cells: int) -> tuple[int, int, int, int]:
    """Cut an interval of frame pixels to the frame, and say which output pixels that fills."""
    inside_start, inside_end = max(start, 0), min(end, limit)
    scale = cells / (end - start)
    first, last = round((inside_start - start) * scale), round((inside_end - start) * scale)
    return inside_start, inside_end, first, last


def _cropped(frame: av.VideoFrame, x0: int, y0: int, x1: int, y1: int) -> av.VideoFrame:
    """Copy a part of a frame, in the frame's own format wherever that has whole bytes."""
    layout = _plane_layout(frame.format.name)
    if layout is None:
        return av.VideoFrame.from_ndarray(
            np.ascontiguousarray(HostImage(frame).rgb()[y0:y1, x0:x1]), format="rgb24"
        )
    part = av.VideoFrame(x1 - x0, y1 - y0, frame.format.name)
    for target, source, (sample, step_x, step_y) in zip(
        part.planes, frame.planes, layout, strict=True
    ):
        rows = np.frombuffer(memoryview(source), np.uint8).reshape(-1, source.line_size)
        copy = np.frombuffer(memoryview(target), np.uint8).reshape(-1, target.line_size)
        height, width = target.height, target.width * sample
        top, left = y0 // step_y, x0 // step_x * sample
        copy[:height, :width] = rows[top : top + height, left : left + width]
    part.colorspace, part.color_range = frame.colorspace, frame.color_range
    return part


@functools.cache
def _plane_layout(pixel_format: str) -> tuple[tuple[int, int, int], ...] | None:
    """Return for each plane the bytes per sample and the steps in x and y between samples.

    None for formats that do not keep each sample in bytes of its own.
    """
    side = 64
    layout = av.VideoFormat(pixel_format, side, side)
    if layout.has_palette or layout.is_bit_stream:
        return None
    planes: dict[int, tuple[int, int, int]] = {}
    for part in layout.components:
        sample = planes.get(part.plane, (0, 0, 0))[0] + (part.bits + 7) // 8
        planes[part.plane] = (sample, side // part.width, side // part.height)
    bits = sum(8 * sample / (x * y) for sample, x, y in planes.values())
    if bits != layout.padded_bits_per_pixel or sorted(planes) != list(range(len(planes))):
        return None
    return tuple(planes[i] for i in range(len(planes)))

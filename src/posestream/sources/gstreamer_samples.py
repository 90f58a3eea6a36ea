"""Turn what GStreamer's appsink delivers into FFmpeg's frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from types import ModuleType
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from posestream.containers import MAX_PIXELS
from posestream.errors import SourceError

_FORMATS = {
    "I420": ("yuv420p", (1, 1, 1)),
    "NV12": ("nv12", (1, 2)),
    "GRAY8": ("gray", (1,)),
    "RGB": ("rgb24", (3,)),
    "BGR": ("bgr24", (3,)),
    "RGBx": ("rgb0", (4,)),
    "BGRx": ("bgr0", (4,)),
    "RGBA": ("rgba", (4,)),
    "BGRA": ("bgra", (4,)),
}
"""FFmpeg's name of each of GStreamer's formats, and the bytes of a sample in each plane."""

_COLOR_RANGES = {1: 2, 2: 1}
"""FFmpeg's number of GStreamer's full range (0 to 255) and limited range (16 to 235)."""


@dataclass(frozen=True, slots=True)
class SampleLayout:
    """How the pictures of one caps lie in memory, and what their colours mean."""

    size: tuple[int, int]
    """Width and height, pixels."""
    pixel_format: str
    """FFmpeg's name of the pixel format."""
    sample_bytes: tuple[int, ...]
    """Bytes of a sample in each plane; what makes up a packed pixel counts as one."""
    offsets: tuple[int, ...]
    """Where each plane begins, bytes, unless a buffer says otherwise."""
    strides: tuple[int, ...]
    """Bytes from row to row of each plane, unless a buffer says otherwise."""
    frame_rate: Fraction | None
    """Nominal frames per second; ``None`` where variable or unknown."""
    pixel_aspect: Fraction
    """Width of a pixel over its height."""
    color_range: int
    """FFmpeg's number of the range of values; 0 where unknown."""
    colorspace: int
    """FFmpeg's number of the matrix between YUV and RGB; 2 where unknown."""
    color_primaries: int
    """FFmpeg's number of the primaries; 2 where unknown."""
    color_trc: int
    """FFmpeg's number of the transfer function; 2 where unknown."""


def sample_layout(video: ModuleType, caps: Any, *, name: str) -> SampleLayout:
    """Read a layout from an appsink's caps.

    Args:
        video: GStreamer's video library, ``gi.repository.GstVideo``.
        caps: What the appsink's samples are said to be.
        name: Name of the stream, for errors.

    Raises:
        SourceError: If these are no pictures in main memory, of a kind and size that can be used.
    """
    text = caps.to_string()
    if not text.startswith("video/x-raw") or "memory:" in text.replace("memory:SystemMemory", ""):
        what = text.split(", ")[0]
        raise SourceError(f"{name}: the pipeline delivers {what}, must be video/x-raw in memory")
    try:
        info = video.VideoInfo.new_from_caps(caps)
    except TypeError:  # PyGObject's way to say that a constructor gave nothing
        raise SourceError(f"{name}: the pipeline delivers unusable pictures: {text}") from None
    if info.finfo.name not in _FORMATS:
        allowed = ", ".join(_FORMATS)
        raise SourceError(f"{name}: pictures are {info.finfo.name}, must be one of {allowed}")
    if info.width * info.height > MAX_PIXELS:
        size = f"{info.width} x {info.height}"
        raise SourceError(f"{name}: pictures of {size} pixels; at most {MAX_PIXELS} are allowed")
    pixel_format, sample_bytes = _FORMATS[info.finfo.name]
    planes = len(sample_bytes)
    color = info.colorimetry
    return SampleLayout(
        size=(info.width, info.height),
        pixel_format=pixel_format,
        sample_bytes=sample_bytes,
        offsets=tuple(info.offset[:planes]),
        strides=tuple(info.stride[:planes]),
        frame_rate=_ratio(info.fps_n, info.fps_d),
        pixel_aspect=_ratio(info.par_n, info.par_d) or Fraction(1),
        color_range=_COLOR_RANGES.get(int(color.range), 0),
        # GStreamer's own tables of the numbers of ISO/IEC 23001-8, which are FFmpeg's as well.
        colorspace=video.video_color_matrix_to_iso(color.matrix),
        color_primaries=video.video_color_primaries_to_iso(color.primaries),
        color_trc=video.video_transfer_function_to_iso(color.transfer),
    )


def frame_of_buffer(
    gst: ModuleType, video: ModuleType, buffer: Any, layout: SampleLayout
) -> av.VideoFrame | None:
    """Copy a buffer's picture; ``None`` where there is less in the buffer than a picture.

    Args:
        gst: GStreamer's library, ``gi.repository.Gst``.
        video: GStreamer's video library, ``gi.repository.GstVideo``.
        buffer: One picture; it may be given back to its pool afterwards.
        layout: How the picture lies in it, unless the buffer has a description of its own.
    """
    offsets, strides = layout.offsets, layout.strides
    meta = video.buffer_get_video_meta(buffer)
    if meta is not None:
        offsets, strides = tuple(meta.offset), tuple(meta.stride)
    mapped, info = buffer.map(gst.MapFlags.READ)
    if not mapped:
        return None
    try:
        return _copied(np.frombuffer(info.data, np.uint8), layout, offsets, strides)
    finally:
        buffer.unmap(info)


def _copied(
    content: npt.NDArray[np.uint8],
    layout: SampleLayout,
    offsets: tuple[int, ...],
    strides: tuple[int, ...],
) -> av.VideoFrame | None:
    frame = av.VideoFrame(*layout.size, layout.pixel_format)
    for plane, sample, offset, stride in zip(
        frame.planes, layout.sample_bytes, offsets, strides, strict=False
    ):
        rows, used = plane.height, plane.width * sample
        if stride < used or offset + stride * (rows - 1) + used > content.size:
            return None
        # The last row may end where its pixels end, so the rows are not simply reshaped.
        source = np.lib.stride_tricks.as_strided(content[offset:], (rows, used), (stride, 1))
        target = np.frombuffer(memoryview(plane), np.uint8).reshape(rows, plane.line_size)
        np.copyto(target[:, :used], source)
    frame.color_range, frame.colorspace = layout.color_range, layout.colorspace
    frame.color_primaries, frame.color_trc = layout.color_primaries, layout.color_trc
    return frame


def _ratio(numerator: int, denominator: int) -> Fraction | None:
    return Fraction(numerator, denominator) if numerator > 0 and denominator > 0 else None

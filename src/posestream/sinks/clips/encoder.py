"""Encode a stream's frames for clips, where no video is written that shows the same."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Protocol

import av
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from posestream.errors import SinkError
from posestream.images import HostImage, Image
from posestream.sinks.fitting import Fitting
from posestream.sinks.mp4 import KeyFrameClock, PacketTap
from posestream.types import Frame, Result

_KEY_FRAME_INTERVAL_S = 1
_ASSUMED_RATE = Fraction(25)
_NO_LIMIT = 100_000


class Annotator(Protocol):
    """Draws what was found."""

    def draw(self, image: Image, result: Result) -> HostImage:
        """Return an annotated copy of a picture."""
        ...


class ClipEncoder:
    """Encodes every frame as H.264, on one thread, with a key frame at least each second.

    Args:
        tap: Gets the encoded pictures; ended with the encoder.
        annotator: Draws, and blurs faces if it is told to; by default frames stay as they are.
        frame_rate: Nominal frames per second; 25 where unknown. Times come from the frames.
        pixel_aspect: Width of a pixel over its height.
        long_side: Larger frames are made smaller to this long side, pixels; even.
        preset: One of `encoders.PRESETS`.
        crf: Quality, 0 (lossless) to 51 (worst).
        name: Name of the stream, for errors.
    """

    def __init__(
        self,
        tap: PacketTap,
        *,
        annotator: Annotator | None = None,
        frame_rate: Fraction | None = None,
        pixel_aspect: Fraction = Fraction(1),
        long_side: int = 1280,
        preset: str = "ultrafast",
        crf: int = 26,
        name: str = "clips",
    ) -> None:
        self._tap = tap
        self._annotator = annotator
        self._rate = frame_rate or _ASSUMED_RATE
        self._pixel_aspect = pixel_aspect
        self._long_side = long_side
        self._options = {"preset": preset, "crf": str(crf), "forced-idr": "1"}
        self._name = name
        self._stream: VideoStream | None = None
        self._last_s: Fraction | None = None
        self._key_frames = KeyFrameClock(every_s=_KEY_FRAME_INTERVAL_S)
        self._closed = False

    def write(self, frame: Frame, result: Result) -> None:
        """Draw, make smaller and encode a frame; one whose time does not come after is left out.

        Raises:
            SinkError: If it cannot be encoded.
        """
        time_s = frame.pts * frame.time_base
        if self._closed or (self._last_s is not None and time_s <= self._last_s):
            return
        image = self._annotator.draw(frame.image, result) if self._annotator else frame.image
        try:
            if self._stream is None:
                self._stream = self._begin(frame)
            picture = self._fitted(image)
            picture.pts, picture.time_base = frame.pts, frame.time_base
            picture.duration = picture.duration or self._interval
            picture.pict_type = self._key_frames.kind(time_s)
            for packet in self._stream.encode(picture):
                self._tap.take(packet)
        except FFmpegError as error:
            raise SinkError(f"{self._name}: cannot be encoded ({error.strerror})") from error
        self._last_s = time_s

    def close(self) -> None:
        """Encode what is held back, and end the tap; may be called twice.

        Raises:
            SinkError: If it cannot be encoded.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if self._stream is not None:
                for packet in self._stream.encode(None):
                    self._tap.take(packet)
        except FFmpegError as error:
            raise SinkError(f"{self._name}: cannot be encoded ({error.strerror})") from error
        finally:
            self._tap.end()

    def _begin(self, frame: Frame) -> VideoStream:
        width, height = frame.image.size
        scale = min(1.0, self._long_side / max(width, height))
        self._interval = max(1, round(1 / (self._rate * frame.time_base)))
        self._fitting = Fitting(frame.image.size)
        self._scaler = VideoReformatter()
        self._size = (
            self._fitting.size
            if scale == 1
            else (max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2))
        )
        first = self._fitting.fit(frame.image)
        # A container that writes nothing gives the encoder a stream to make clips after.
        self._holder = av.open(os.devnull, "w", format="null")
        stream = self._holder.add_stream("libx264", rate=self._rate, options=self._options)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height = self._size
        context.pix_fmt, context.time_base = "yuv420p", frame.time_base
        context.sample_aspect_ratio, context.thread_count = self._pixel_aspect, 1
        context.gop_size = _NO_LIMIT
        context.flags |= Flags.frame_duration | Flags.global_header
        context.colorspace, context.color_range = first.colorspace, first.color_range
        context.color_trc, context.color_primaries = first.color_trc, first.color_primaries
        self._holder.start_encoding()
        self._tap.begin(stream, shift_s=Fraction(0))
        return stream

    def _fitted(self, image: Image) -> av.VideoFrame:
        picture = self._fitting.fit(image)
        if (picture.width, picture.height) == self._size:
            return picture
        width, height = self._size
        return self._scaler.reformat(
            picture, width=width, height=height, interpolation=Interpolation.BILINEAR, threads=1
        )

"""Encode pictures for one connection over which they are published live."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import BinaryIO

import av
from av.video.frame import PictureType
from av.video.stream import VideoStream

from posestream.containers import codec_threads
from posestream.sinks.publish_targets import SEGMENT_S

TICKS_PER_S = 90_000
"""Resolution of times: that of RTP and MPEG-TS."""

_LONGEST_GAP_S = 10


class LiveTimes:
    """Times that only go forward, whatever the frames' own do.

    A stream that was opened again begins at another time; players would stop at a jump.

    Args:
        rate: Nominal frames per second, for the step over a jump.
    """

    def __init__(self, rate: Fraction) -> None:
        self._step = max(1, round(TICKS_PER_S / rate))
        self._last_s: Fraction | None = None
        self._now = 0

    def next(self, pts_s: Fraction) -> int:
        """Return the time of a frame, ticks, from the frame's own time."""
        if self._last_s is not None:
            step = round((pts_s - self._last_s) * TICKS_PER_S)
            self._now += step if 0 < step <= _LONGEST_GAP_S * TICKS_PER_S else self._step
        self._last_s = pts_s
        return self._now


class Publication:
    """Encodes pictures with as little delay as there can be, and writes them.

    Args:
        output: File to write, or a pipe.
        form: FFmpeg's name of the container.
        form_options: FFmpeg's options of the container.
        first: A picture of the size and colours of all, 4:2:0 and even in size.
        rate: Nominal frames per second.
        crf: Quality, 0 (lossless) to 51 (worst).
        max_kbps: What the network carries, kilobits per second.

    Raises:
        FFmpegError: If it cannot be written to.
        OSError: If the other end of the pipe is gone.
    """

    def __init__(
        self,
        output: str | BinaryIO,
        *,
        form: str,
        form_options: Mapping[str, str],
        first: av.VideoFrame,
        rate: Fraction,
        crf: int,
        max_kbps: int,
    ) -> None:
        self._times = LiveTimes(rate)
        self._next_key = 0
        self._output = av.open(
            output, "w", format=form, container_options={"flush_packets": "1", **form_options}
        )
        options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": str(crf),
            "maxrate": f"{max_kbps}k",
            "bufsize": f"{max_kbps}k",
        }
        stream = self._output.add_stream("libx264", rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        self._video = stream
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = first.width, first.height, "yuv420p"
        context.time_base = Fraction(1, TICKS_PER_S)
        context.thread_count = codec_threads()
        context.gop_size = max(1, round(10 * SEGMENT_S * rate))  # `write` asks for key frames
        context.colorspace, context.color_range = first.colorspace, first.color_range
        self._output.start_encoding()

    def write(self, picture: av.VideoFrame, pts_s: Fraction) -> None:
        """Encode and write a picture.

        Args:
            picture: 4:2:0 and of the size of the first.
            pts_s: The frame's own time, seconds.

        Raises:
            FFmpegError: If it cannot be written to.
            OSError: If the other end of the pipe is gone.
        """
        picture.pts = self._times.next(pts_s)
        picture.time_base = Fraction(1, TICKS_PER_S)
        key = picture.pts >= self._next_key
        if key:
            self._next_key = picture.pts + SEGMENT_S * TICKS_PER_S
        picture.pict_type = PictureType.I if key else PictureType.NONE
        for packet in self._video.encode(picture):
            self._output.mux(packet)

    def close(self) -> None:
        """Write what belongs at the end.

        Raises:
            FFmpegError: If it cannot be written to.
            OSError: If the other end of the pipe is gone.
        """
        self._output.close()

"""Read network streams and cameras through FFmpeg: RTSP, HTTP, HLS, UDP, RTP, RTMP, V4L2."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from fractions import Fraction

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from posestream.containers import codec_threads
from posestream.credentials import redacted
from posestream.errors import ConfigError, SourceError
from posestream.images import Image
from posestream.sources import SourceInfo
from posestream.sources.addresses import InputKind, kind_of_input
from posestream.sources.cameras import camera_failed, open_camera
from posestream.sources.connecting import connect
from posestream.sources.diagnosis import diagnosis
from posestream.sources.jumping import pictures_from
from posestream.sources.names import stream_name
from posestream.sources.options import SourceOptions
from posestream.sources.pictures import FfmpegPictures, Picture, video_stream
from posestream.sources.reading import PictureReader
from posestream.sources.timestamps import Timeline
from posestream.types import Frame

_WALL_CLOCK = Fraction(1, 90_000)
_RATES = (1, 240)
_MISSING_S, _MISSING_SHARE = 2, 0.1


class NetworkSource:
    """The frames of one connection to a network stream or camera, until it ends or fails.

    It never connects again by itself. Times are the sender's, repaired as `timestamps` says; a
    stream without times gets those of arrival. A frame whose size differs from the ones before
    keeps its size.

    A stream is live unless the server told its length or duration: then the rules of files hold,
    and an end before it is an error.

    Args:
        address: What `addresses` knows as a network address, an SDP file or a camera; ``${NAME}``
            in a network address is a variable of the environment.
        name: Name of the stream; by default made from the address.
        options: How to open it.

    Raises:
        SourceNotFoundError: If the server knows nothing of that name, or there is no such camera.
        SourceError: If it cannot be opened, or no picture comes; the message holds no password.
        ConfigError: If a start or end is given for a live stream.
    """

    def __init__(
        self, address: str, *, name: str | None = None, options: SourceOptions | None = None
    ) -> None:
        self.name = stream_name(address) if name is None else name
        self._options = options or SourceOptions()
        self._address = address
        self._label = redacted(address)
        self._kind = kind_of_input(address)
        if self._kind is InputKind.CAMERA:
            self._container = open_camera(address, options=self._options)
        else:
            self._container = connect(address, kind=self._kind, options=self._options)
        try:
            self._open_stream()
            pictures = self._pictures()
            first = next(pictures, None)
            if first is None:
                raise SourceError(f"{self._label}: ended without a picture")
        except (SourceError, ConfigError):
            self._container.close()
            raise
        self.info = self._described(first[1])
        self._upcoming = itertools.chain(iter([first]), pictures)  # which forgets it, unlike a list

    @property
    def in_bursts(self) -> bool:
        """Whether frames come a segment at a time, and are to be played at their own speed."""
        return self._live and self._container.format.name == "hls"

    @property
    def corrupt_frames(self) -> int:
        """Packets or frames that are damaged, so far."""
        return self._decoder.corrupt

    def frames(self) -> Iterator[Frame]:
        """Yield every frame once, in order; ``index`` counts the frames that are yielded.

        Raises:
            SourceError: If the connection fails, no picture comes for ``timeout_s``, the stream
                changed its codec, or a recording ends before its time.
        """
        # Not a loop, whose variables would hold on to each picture until the next is decoded.
        return map(self._frame, itertools.count(), self._upcoming)

    def close(self) -> None:
        """Release the input; may be called twice, and while another thread is reading.

        A running read ends with its next picture, at the latest after ``timeout_s``.
        """
        self._closed = True
        self._reader.close()

    def _frame(self, index: int, picture: tuple[int, Image]) -> Frame:
        return Frame(
            stream=self.name,
            index=index,
            pts=picture[0],
            time_base=self._time_base,
            image=picture[1],
            wall_s=time.time(),
        )

    def _open_stream(self) -> None:
        options, stream = self._options, video_stream(self._container, label=self._label)
        self._closed = False
        self._stream = stream
        self._live = self._is_live() if options.live is None else options.live
        self._timed = self._container.format.name != "mpjpeg"
        self._rate = _plausible(stream.average_rate or stream.guessed_rate) if self._timed else None
        self._time_base = (stream.time_base if self._timed else None) or _WALL_CLOCK
        self._start = (stream.start_time or 0) if self._timed else 0
        open_pictures = options.open_pictures or FfmpegPictures
        self._decoder = open_pictures(
            stream,
            name=self.name,
            threads=options.threads or (1 if self._live else codec_threads()),
            ahead=not self._live,
        )
        self._reader = self._new_reader()
        if self._live and (options.start_s is not None or options.end_s is not None):
            raise ConfigError(f"start, end: {self._label} is live and has no beginning")

    def _new_reader(self) -> PictureReader:
        return PictureReader(
            self._container,
            self._stream,
            self._decoder,
            label=self._label,
            timeout_s=self._options.timeout_s,
            failed=self._failed,
        )

    def _is_live(self) -> bool:
        if self._kind is not InputKind.HTTP:
            return True
        if self._container.format.name == "mpjpeg":
            return True
        known = self._container.duration is not None
        # A playlist has a size; whether it is finished is known by its duration.
        return not known and (self._container.format.name == "hls" or self._container.size <= 0)

    def _pictures(self) -> Iterator[tuple[int, Image]]:
        """Yield each picture, upright, with its repaired time."""
        options, pts = self._options, None
        timeline = Timeline(time_base=self._time_base, frame_rate=self._rate, start=self._start)
        first_wanted, end = self._ticks(options.start_s), self._ticks(options.end_s)
        begun = time.monotonic()
        for picture in self._read_from(first_wanted):
            arrived = None if self._timed else int((time.monotonic() - begun) / self._time_base)
            ticks = picture.pts if arrived is None else arrived
            pts = timeline.place(ticks)
            if end is not None and pts >= end:
                return
            if first_wanted is None or pts >= first_wanted:
                yield pts, picture.image()
        if not self._live and not self._closed:
            self._check_complete(pts)

    def _check_complete(self, last: int | None) -> None:
        duration_s = _duration_s(self._stream, self._container)
        if duration_s is None or last is None:
            return
        read_s = float((last - self._start) * self._time_base)
        if duration_s - read_s > _MISSING_S + _MISSING_SHARE * duration_s:
            raise SourceError(
                f"{self._label}: broke off after {read_s:.1f} s of {duration_s:.1f} s"
            )

    def _described(self, first: Image) -> SourceInfo:
        duration_s = None if self._live else _duration_s(self._stream, self._container)
        options, count = self._options, None
        if duration_s is not None and self._rate is not None:
            end_s = min(duration_s, math.inf if options.end_s is None else options.end_s)
            count = max(1, round((end_s - (options.start_s or 0)) * self._rate))
        return SourceInfo(
            size=first.size,
            frame_rate=self._rate,
            frame_count=count,
            pixel_aspect=self._stream.codec_context.sample_aspect_ratio or Fraction(1),
            live=self._live,
            ends=not self._live,
        )

    def _read_from(self, target: int | None) -> Iterator[Picture]:
        """Return the pictures from somewhere at or before a time, in ticks."""
        if target is None or target <= self._start:
            return self._reader.pictures()
        try:
            pictures = pictures_from(
                target, beginning=self._start, time_base=self._time_base, jump=self._jump
            )
        except SourceError:  # as from servers without ranges, after a jump that seemed to succeed
            pictures = None
        if pictures is None:
            self._reader.close()
            self._container = connect(self._address, kind=self._kind, options=self._options)
            self._open_stream()
        return pictures or self._reader.pictures()

    def _jump(self, offset: int) -> Iterator[Picture] | None:
        try:
            self._container.seek(offset, stream=self._stream)
        except FFmpegError:
            return None  # no index, or a server without ranges
        self._decoder.restart()
        self._reader = self._new_reader()  # to which what cannot be decoded at first is no damage
        return self._reader.pictures()

    def _ticks(self, seconds: float | None) -> int | None:
        if seconds is None:
            return None
        exact = Fraction(seconds).limit_denominator(1_000_000)  # 0.1 means a tenth
        return self._start + math.ceil(exact / self._time_base)

    def _failed(self, error: FFmpegError, waited_s: float) -> SourceError:
        if self._kind is InputKind.CAMERA:
            return camera_failed(error, self._address)
        return diagnosis(
            error,
            address=self._address,
            kind=self._kind,
            elapsed_s=waited_s,
            timeout_s=self._options.timeout_s,
            opening=False,
        )


def _plausible(rate: Fraction | None) -> Fraction | None:
    """Return a frame rate, unless FFmpeg only guessed it from the clock of the protocol."""
    return rate if rate is not None and _RATES[0] <= rate <= _RATES[1] else None


def _duration_s(stream: VideoStream, container: InputContainer) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None

"""Decode one video stream of a file, past damage, closable from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError, InvalidDataError

from posestream.containers import codec_threads, open_media
from posestream.errors import SourceError
from posestream.sources.jumping import pictures_from
from posestream.sources.pictures import FfmpegPictures, OpenPictures, Picture, video_stream

_MAX_UNREADABLE_IN_A_ROW = 100


class FileDecoder:
    """The pictures of a file's best video stream as its decoder leaves them.

    Args:
        path: A media file.
        name: Name of the stream, for the log.
        threads: Threads that decode; half the cores and at most four where ``None``.
        open_pictures: Makes what decodes its packets; by default FFmpeg on the CPU.

    Raises:
        SourceNotFoundError: If there is no such file.
        SourceError: If it has no video that can be decoded.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        threads: int | None = None,
        open_pictures: OpenPictures | None = None,
    ) -> None:
        self._path, self._name = path, name
        self._open_pictures = open_pictures or FfmpegPictures
        self._lock = threading.Lock()
        self._closed = False
        self._threads = codec_threads() if threads is None else threads
        self._open()
        self.time_base = self._stream.time_base or Fraction(1, 1000)
        self.first_pts = self._stream.start_time or 0

    @property
    def corrupt(self) -> int:
        """Damaged packets and pictures so far."""
        return self._pictures.corrupt

    @property
    def frame_rate(self) -> Fraction | None:
        """Mean frames per second; ``None`` where unknown."""
        stream = self._stream
        return stream.average_rate or stream.guessed_rate or stream.base_rate

    @property
    def pixel_aspect(self) -> Fraction:
        """Width of a stored pixel over its height."""
        return self._stream.codec_context.sample_aspect_ratio or Fraction(1)

    @property
    def duration_s(self) -> float | None:
        """Length of the video, seconds; ``None`` where the file does not say."""
        if self._stream.duration:
            return float(self._stream.duration * self.time_base)
        return self._container.duration / av.time_base if self._container.duration else None

    @property
    def end_pts(self) -> int | None:
        """When the last frame ends, ticks; ``None`` where the file does not say."""
        return self.first_pts + self._stream.duration if self._stream.duration else None

    @property
    def frame_count(self) -> int | None:
        """Frames in the file, counted by it or estimated; ``None`` where unknown."""
        rate, duration_s = self.frame_rate, self.duration_s
        return self._stream.frames or (round(duration_s * rate) if duration_s and rate else None)

    @property
    def swaps_axes(self) -> bool:
        """Whether the latest picture's columns became rows when it was turned upright."""
        return self._pictures.swaps_axes

    def pictures(self) -> Iterator[Picture]:
        """Yield every picture from here on, skipping and counting what cannot be decoded.

        Raises:
            SourceError: If the disk or network under the file fails.
        """
        packets = self._container.demux(self._stream)
        unreadable = 0
        while unreadable <= _MAX_UNREADABLE_IN_A_ROW:
            with self._lock:
                if self._closed:
                    break
                try:
                    packet = next(packets, None)
                except IndexError:
                    return  # PyAV's end of a file in which damage looked like a new stream
                except InvalidDataError:
                    # The demuxer stumbled; asked again, it looks for the next packet.
                    self._pictures.corrupt += 1
                    unreadable += 1
                    packets = self._container.demux(self._stream)
                    continue
                except FFmpegError as error:
                    raise SourceError(f"{self._path}: reading failed ({error.strerror})") from error
                pictures = self._pictures.decode(packet) if packet else []
            if packet is None:
                return
            unreadable = 0
            yield from pictures
        if self._closed:
            self.close()

    def pictures_from(self, target: int) -> Iterator[Picture]:
        """Yield the pictures from somewhere at or before a time, in ticks."""
        pictures = pictures_from(
            target, beginning=self.first_pts, time_base=self.time_base, jump=self._jump
        )
        if pictures is None:
            self._close_now()
            self._open()
            return self.pictures()
        # What could not be decoded right after a jump is not damaged.
        self._pictures.corrupt = 0
        return pictures

    def close(self) -> None:
        """Release the file; may be called twice, and while another thread is reading."""
        self._closed = True
        # FFmpeg must not be closed under a running read: then the reader closes it right after.
        if self._lock.acquire(blocking=False):
            try:
                self._close_now()
            finally:
                self._lock.release()

    def _close_now(self) -> None:
        self._container.close()
        self._pictures.close()

    def _open(self) -> None:
        self._container = open_media(self._path)
        try:
            self._stream = video_stream(self._container, label=str(self._path))
            self._pictures = self._open_pictures(
                self._stream, name=self._name, threads=self._threads, ahead=True
            )
        except SourceError:
            self._container.close()
            raise

    def _jump(self, offset: int) -> Iterator[Picture] | None:
        try:
            self._container.seek(offset, stream=self._stream)
        except FFmpegError:
            return None  # no index to jump by
        self._pictures.restart()
        return self.pictures()

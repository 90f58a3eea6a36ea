"""Read the pictures of an opened live input, closable from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import av
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError
from av.video.stream import VideoStream

from posestream.errors import SourceError
from posestream.sources.pictures import Picture, PictureDecoder

_MAX_UNREADABLE_IN_A_ROW = 100
_CHANGED_AFTER = 12
_FIRST_PICTURE_FACTOR = 3


class PictureReader:
    """The pictures of one video stream until it ends or fails.

    Packets of all streams are asked for, since one whose picture stands while sound goes on must
    be noticed.

    Args:
        container: The opened input.
        stream: Its video.
        decoder: Decodes the stream.
        label: What errors call it.
        timeout_s: Longest time without a picture; three times that for the first one, which may
            have to wait for a key frame.
        failed: Turns an error of FFmpeg into the one to raise, given how long the read took.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        decoder: PictureDecoder,
        *,
        label: str,
        timeout_s: float,
        failed: Callable[[FFmpegError, float], SourceError],
    ) -> None:
        self._container = container
        self._stream = stream
        self._decoder = decoder
        self._label = label
        self._timeout_s = timeout_s
        self._failed = failed
        self._lock = threading.Lock()
        self._closed = False
        self._seen = False
        self._since = 0.0

    def pictures(self) -> Iterator[Picture]:
        """Yield every picture that can be decoded, from here on.

        Raises:
            SourceError: If the connection fails, no picture comes, or the codec has changed.
        """
        packets = self._packets()
        self._since = time.monotonic()
        while True:
            with self._lock:
                if self._closed:
                    break
                packet = next(packets, None)
                pictures = self._decoded(packet) if packet else []
            if packet is None:
                return
            if pictures:
                yield from pictures
                self._since = time.monotonic()  # the time between is the caller's
        self.close()

    def close(self) -> None:
        """Release the input; may be called twice, and while another thread is reading."""
        self._closed = True
        # FFmpeg must not be closed under a running read: then the reader closes it right after.
        if self._lock.acquire(blocking=False):
            try:
                self._container.close()
                self._decoder.close()
            finally:
                self._lock.release()

    def _packets(self) -> Iterator[av.Packet]:
        unreadable = 0
        packets = self._container.demux()
        while unreadable <= _MAX_UNREADABLE_IN_A_ROW:
            begun = time.monotonic()
            try:
                packet = next(packets, None)
            except IndexError:
                return  # PyAV's end of an input in which a stream appeared midway
            except FFmpegError as error:
                waited_s = time.monotonic() - begun
                if not isinstance(error, InvalidDataError) or waited_s >= self._timeout_s:
                    raise self._failed(error, waited_s) from None
                # The demuxer stumbled; asked again, it looks for the next packet.
                self._decoder.corrupt += 1
                unreadable += 1
                packets = self._container.demux()
                continue
            if packet is None:
                return
            unreadable = 0
            yield packet
        raise SourceError(f"{self._label}: sends nothing that can be read any more")

    def _decoded(self, packet: av.Packet) -> Sequence[Picture]:
        pictures = self._decoder.decode(packet) if packet.stream is self._stream else ()
        if pictures and not self._seen:
            self._seen = True
            # What came before the first key frame is not damaged.
            self._decoder.corrupt = sum(picture.damaged for picture in pictures)
        elif not pictures:
            self._check_progress()
        return pictures

    def _check_progress(self) -> None:
        decoder = self._decoder
        if self._seen and decoder.barren >= _CHANGED_AFTER and decoder.failed > decoder.barren / 2:
            raise SourceError(
                f"{self._label}: the stream changed; "
                f"{decoder.barren} packets in a row cannot be decoded"
            )
        limit_s = self._timeout_s * (1 if self._seen else _FIRST_PICTURE_FACTOR)
        if time.monotonic() - self._since > limit_s:
            raise SourceError(f"{self._label}: timeout; no picture for {limit_s:g} s")

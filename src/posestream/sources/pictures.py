"""Decode the packets of one video stream, counting what is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from posestream.containers import MAX_PIXELS
from posestream.errors import SourceError
from posestream.images import HostImage, Image
from posestream.sources.orientation import Uprighter


class Picture(Protocol):
    """A decoded picture, wherever its pixels are."""

    @property
    def pts(self) -> int | None:
        """Presentation time, ticks; None where the stream says none."""
        ...

    @property
    def damaged(self) -> bool:
        """Whether parts of it could not be decoded."""
        ...

    def image(self, *, duration: int | None = None) -> Image:
        """Return it upright; to be called once.

        Args:
            duration: How long it is shown, ticks; where None, what the decoder says.
        """
        ...


class PictureDecoder(Protocol):
    """Turns the packets of one stream into pictures; one thread at a time calls it."""

    @property
    def corrupt(self) -> int:
        """Damaged packets and pictures so far; readers add what they find, or take it back."""
        ...

    @corrupt.setter
    def corrupt(self, count: int) -> None: ...

    @property
    def barren(self) -> int:
        """Packets in a row, up to the latest, that gave no picture."""
        ...

    @property
    def failed(self) -> int:
        """How many of these failed to be decoded."""
        ...

    @property
    def swaps_axes(self) -> bool:
        """Whether the latest picture's columns became rows when it was turned upright."""
        ...

    def decode(self, packet: av.Packet[VideoStream]) -> Sequence[Picture]:
        """Return the pictures that a packet completes; none where it is damaged beyond use."""
        ...

    def restart(self) -> None:
        """Forget what is held back: the next packet comes from elsewhere in the stream."""
        ...

    def close(self) -> None:
        """Let the decoder go; pictures stay."""
        ...


class OpenPictures(Protocol):
    """Makes what decodes a stream; `FfmpegPictures` is one."""

    def __call__(
        self, stream: VideoStream, *, name: str, threads: int, ahead: bool
    ) -> PictureDecoder:
        """Return a decoder.

        Args:
            stream: Whose packets it gets.
            name: Name of the stream, for the log.
            threads: Threads that decode, where it is a CPU that does.
            ahead: Whether threads may work on several pictures at once, which is faster, but holds
                back one picture per thread. A live stream wants each as soon as it came.
        """
        ...


class FfmpegPicture:
    """A picture in main memory.

    Args:
        frame: As FFmpeg decoded it.
        upright: Turns the stream's pictures.
    """

    __slots__ = ("_upright", "frame", "pts")

    def __init__(self, frame: av.VideoFrame, upright: Uprighter) -> None:
        self.frame, self._upright = frame, upright
        self.pts = frame.pts

    @property
    def damaged(self) -> bool:
        """Whether parts of it could not be decoded."""
        return bool(self.frame.is_corrupt)

    def image(self, *, duration: int | None = None) -> HostImage:
        """Return it upright."""
        frame = self._upright(self.frame)
        if duration is not None:
            frame.duration = duration
        return HostImage(frame)


class FfmpegPictures:
    """FFmpeg on the CPU.

    Args:
        stream: Whose packets it gets.
        name: Not used: it decodes whatever it can without a word.
        threads: Threads that decode.
        ahead: Whether threads may work on several pictures at once.
    """

    def __init__(
        self,
        stream: VideoStream,
        *,
        name: str = "",
        threads: int,
        ahead: bool = True,
    ) -> None:
        self.corrupt = 0
        self.barren = 0
        self.failed = 0
        self._upright = Uprighter()
        context = stream.codec_context
        context.options = {"max_pixels": str(MAX_PIXELS)}
        context.thread_count = threads
        context.thread_type = "AUTO" if ahead else "SLICE"

    @property
    def swaps_axes(self) -> bool:
        """Whether the latest picture's columns became rows when it was turned upright."""
        return self._upright.swaps_axes

    def decode(self, packet: av.Packet[VideoStream]) -> list[FfmpegPicture]:
        """Return the pictures that a packet completes; none where it is damaged beyond use."""
        try:
            frames = packet.decode()
        except FFmpegError:
            self.corrupt += 1
            self.barren += 1
            self.failed += 1
            return []
        self.corrupt += max(packet.is_corrupt, sum(frame.is_corrupt for frame in frames))
        self.barren = 0 if frames else self.barren + 1
        self.failed = 0 if frames else self.failed
        return [FfmpegPicture(frame, self._upright) for frame in frames]

    def restart(self) -> None:
        """Do nothing: FFmpeg forgets by itself when its container is sent elsewhere."""

    def close(self) -> None:
        """Do nothing: it goes with its container."""


def video_stream(container: InputContainer, *, label: str) -> VideoStream:
    """Return the best video stream of an input.

    Args:
        container: The opened input.
        label: What errors call it.

    Raises:
        SourceError: If there is none that can be decoded.
    """
    streams = container.streams
    pictures = [s for s in streams.video if not s.disposition & Disposition.attached_pic]
    if not pictures:
        found = ", ".join(sorted({stream.type for stream in streams})) or "nothing"
        raise SourceError(f"{label}: has no video, only {found}")
    best = streams.best("video")
    stream = best if isinstance(best, VideoStream) and best in pictures else pictures[0]
    context = stream.codec_context
    if context is None:
        raise SourceError(f"{label}: this FFmpeg has no decoder for the video's codec")
    if context.width * context.height > MAX_PIXELS:
        size = f"{context.width} x {context.height}"
        raise SourceError(f"{label}: pictures of {size} pixels; at most {MAX_PIXELS} are allowed")
    return stream

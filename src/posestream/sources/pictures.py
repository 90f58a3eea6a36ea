"""Decode the packets of one video stream, counting what is damaged."""

from __future__ import annotations

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from posestream.containers import MAX_PIXELS
from posestream.errors import SourceError


class PictureDecoder:
    """Turns packets into pictures, as far as they can be decoded.

    Args:
        stream: Whose packets they are.
        threads: Threads that decode.
        ahead: Whether threads may work on several pictures at once, which is faster, but holds
            back one picture per thread. A live stream wants each as soon as it came.

    Attributes:
        corrupt: Damaged packets and pictures so far.
        barren: Packets in a row, up to the latest, that gave no picture.
        failed: How many of these failed to be decoded.
    """

    def __init__(self, stream: VideoStream, *, threads: int, ahead: bool = True) -> None:
        self.corrupt = 0
        self.barren = 0
        self.failed = 0
        context = stream.codec_context
        context.options = {"max_pixels": str(MAX_PIXELS)}
        context.thread_count = threads
        context.thread_type = "AUTO" if ahead else "SLICE"

    def decode(self, packet: av.Packet[VideoStream]) -> list[av.VideoFrame]:
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
        return frames


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

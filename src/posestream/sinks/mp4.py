"""An MP4 file of encoded pictures and copied sound that can be played while it grows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
from av.codec.context import Flags
from av.error import FFmpegError
from av.video.stream import VideoStream

from posestream.containers import mp4_boxes
from posestream.sinks.audio import AudioTrack
from posestream.sinks.encoders import Encoding
from posestream.sinks.progressive import make_progressive

_KEY_FRAME_INTERVAL_S = 4
_MIN_TIMESCALE = 1000
# Without skip_trailer, FFmpeg's muxer hides that the disk was full at the very end.
IN_FRAGMENTS = {
    "movflags": "+frag_keyframe+delay_moov+default_base_moof+skip_trailer",
    "frag_duration": "1000000",
    "max_interleave_delta": "1000000",
    "flush_packets": "1",
}
"""Options of the muxer for a file that plays while it grows."""


class PacketTap(Protocol):
    """Sees the encoded pictures of a video beside the file they go to."""

    def begin(self, stream: VideoStream, *, shift_s: Fraction) -> None:
        """Take note of the video; called once, before its first packet.

        Args:
            stream: Its encoder's stream, for as long as packets come.
            shift_s: Time of the stream that is zero in the packets, seconds.
        """
        ...

    def take(self, packet: av.Packet) -> None:
        """Take a packet, in the order of decoding; it must be left as it is."""
        ...

    def end(self) -> None:
        """Finish: no more packets come; may be called twice, or without a beginning."""
        ...


def movie_timescale(time_base: Fraction) -> int:
    """Return ticks per second for a whole movie whose pictures' times have this base.

    A track's place in time is stored in ticks of the whole movie: they must be as fine.
    """
    return time_base.denominator * -(-_MIN_TIMESCALE // time_base.denominator)


class KeyFrameClock:
    """Says when a key frame is due by the clock: live streams do not keep to their rate.

    Args:
        every_s: Seconds between key frames.
    """

    INTRA = 1
    """What a frame's ``pict_type`` must be to become one; the encoder needs ``forced-idr``."""

    def __init__(self, *, every_s: int = _KEY_FRAME_INTERVAL_S) -> None:
        self._every_s = every_s
        self._next_s: Fraction | None = None

    def kind(self, time_s: Fraction) -> int:
        """Return the ``pict_type`` for the frame at a time; 0 leaves it to the encoder."""
        if self._next_s is not None and time_s < self._next_s:
            return 0
        self._next_s = time_s + self._every_s
        return self.INTRA


class Mp4File:
    """Encodes pictures and writes them in fragments of a second, with their sound between.

    Args:
        path: The file.
        first: A picture of the size, format and colours of all, 4:2:0 and even in size.
        time_base: Seconds per tick of the pictures' times, kept exactly.
        rate: Nominal frames per second.
        pixel_aspect: Width of a pixel over its height.
        encoding: What encodes them.
        threads: Threads that encode.
        tap: Sees the encoded pictures, too; then key frames come at least every four seconds.

    Raises:
        FFmpegError: If the encoder does not take the options.
    """

    def __init__(
        self,
        path: Path,
        *,
        first: av.VideoFrame,
        time_base: Fraction,
        rate: Fraction,
        pixel_aspect: Fraction,
        encoding: Encoding,
        threads: int,
        tap: PacketTap | None = None,
    ) -> None:
        self._timescale = movie_timescale(time_base)
        self._path = path
        self._tap = tap
        self._key_frames = KeyFrameClock()
        self._audio: AudioTrack | None = None
        self._packets = 0
        self._last_s = (Fraction(0), Fraction(0))
        self._output = av.open(
            f"file:{path}",
            "w",
            format="mp4",
            container_options={**IN_FRAGMENTS, "movie_timescale": str(self._timescale)},
        )
        forced = {"forced-idr": "1"} if tap is not None else {}
        options = {**encoding.options, **forced}
        stream = self._output.add_stream(encoding.codec, rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        self._video = stream
        context = stream.codec_context
        if encoding.tag is not None:
            context.codec_tag = encoding.tag
        context.width, context.height, context.pix_fmt = first.width, first.height, "yuv420p"
        context.time_base = time_base
        context.sample_aspect_ratio = pixel_aspect
        context.thread_count = threads
        context.gop_size = max(1, round(_KEY_FRAME_INTERVAL_S * rate))
        context.flags |= Flags.frame_duration
        context.colorspace, context.color_range = first.colorspace, first.color_range
        context.color_trc, context.color_primaries = first.color_trc, first.color_primaries

    def start(self, audio: AudioTrack | None, *, shift_s: Fraction, trim: bool) -> None:
        """Create the file.

        Args:
            audio: Sound to copy.
            shift_s: Taken off every time of the sound, seconds.
            trim: Leave out sound that ends before time zero.

        Raises:
            FFmpegError: If the file cannot be written.
        """
        if audio is not None:
            audio.attach(self._output, shift_s=shift_s, trim=trim)
            self._audio = audio
        self._output.start_encoding()
        if self._tap is not None:
            self._tap.begin(self._video, shift_s=shift_s)

    def write(self, picture: av.VideoFrame) -> None:
        """Encode and write a picture; its time, time base and duration are set.

        Raises:
            FFmpegError: If it cannot be written.
        """
        tick_s = picture.time_base or Fraction(1)
        self._last_s = ((picture.pts or 0) * tick_s, picture.duration * tick_s)
        if self._tap is not None:
            picture.pict_type = self._key_frames.kind(self._last_s[0])
        self._mux(self._video.encode(picture))

    def finish(self, *, sound_until_s: Fraction | None, rewrite: bool = True) -> None:
        """Write what is still held back and turn the file into an ordinary one.

        Args:
            sound_until_s: Where the sound ends; ``None`` for its own end, seconds.
            rewrite: Whether to turn it into an ordinary one; takes as long as copying it.

        Raises:
            FFmpegError: If it cannot be written; what was written before plays.
        """
        self._mux(self._video.encode(None))
        if self._tap is not None:
            self._tap.end()
        if self._audio:
            self._mux_all(self._audio.packets_until(sound_until_s))
            self._mux_all(self._audio.last_packets())
        self._output.close()
        if rewrite:
            make_progressive(
                self._path,
                packets=self._packets,
                movie_timescale=self._timescale,
                last_picture_s=self._last_s,
            )

    def abandon(self) -> None:
        """Close the file after a failure, with the fragments that are whole."""
        with contextlib.suppress(FFmpegError):
            self._output.close()
        with contextlib.suppress(OSError):
            cut_after_last_fragment(self._path)

    def _mux(self, packets: Iterable[av.Packet]) -> None:
        for packet in packets:
            if self._tap is not None:
                self._tap.take(packet)  # before the muxer, which changes its times
            if self._audio:
                self._mux_all(self._audio.packets_until((packet.dts or 0) * packet.time_base))
            self._mux_all([packet])

    def _mux_all(self, packets: Iterable[av.Packet]) -> None:
        for packet in packets:
            self._output.mux(packet)
            self._packets += 1


def cut_after_last_fragment(path: Path) -> None:
    """Take off a fragment that did not fit, over which strict players stumble."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        ends = [end for kind, end in mp4_boxes(file) if kind == b"mdat" and end <= size]
        if ends:
            file.truncate(ends[-1])

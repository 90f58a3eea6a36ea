"""Carry the sound of an input over to a video of its frames."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError

from posestream.containers import open_media

_log = logging.getLogger(__name__)

_CODECS_IN_MP4 = frozenset(
    {"aac", "ac3", "alac", "dts", "eac3", "flac", "mp2", "mp3", "opus"},
)
_AAC_RATES = frozenset({8000, 11025, 16000, 22050, 32000, 44100, 48000})
_FALLBACK_RATE = 48000
_MATROSKA_DURATION = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")


class AudioTrack:
    """The best audio stream of a file, copied packet by packet beside new pictures.

    Sound in a codec that MP4 does not hold is encoded again, as AAC. Damaged sound ends early and
    never takes the video with it.

    Args:
        container: The input, opened for this track alone; closed with it.
        stream: The stream of it to copy.
    """

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        self._container = container
        self._stream = stream
        self._time_base = stream.time_base or Fraction(1, stream.rate)
        self._packets = self._read()
        self._next = next(self._packets, None)
        self._shift = 0
        self._track: _Copy | _Recode | None = None

    @property
    def begins_s(self) -> Fraction | None:
        """When the sound begins on the input's clock, seconds; ``None`` if there is none."""
        if self._next is None:
            return None
        start = self._stream.start_time
        return (self._start(self._next) if start is None else start) * self._time_base

    @property
    def pictures_begin_s(self) -> Fraction | None:
        """When the input's own video begins, seconds; ``None`` where unknown."""
        video = self._container.streams.best("video")
        if video is None or video.start_time is None or video.time_base is None:
            return None
        return video.start_time * video.time_base

    @property
    def pictures_end_s(self) -> Fraction | None:
        """When the input's own video ends, seconds; ``None`` where unknown."""
        video, begins_s = self._container.streams.best("video"), self.pictures_begin_s
        if video is None or begins_s is None or video.time_base is None:
            return None
        if video.duration:
            return begins_s + video.duration * video.time_base
        tag = _MATROSKA_DURATION.match(video.metadata.get("DURATION", ""))
        if not tag:
            return None
        hours, minutes, seconds = map(Fraction, tag.groups())
        return (hours * 60 + minutes) * 60 + seconds

    def attach(self, output: OutputContainer, *, shift_s: Fraction, trim: bool) -> None:
        """Add a stream for the sound to an output that has not been written to.

        Args:
            output: The output.
            shift_s: Taken off every time, so that sound and pictures stay together, seconds.
            trim: Leave out what ends before time zero of the output.
        """
        self._shift = round(shift_s / self._time_base)
        codec = self._stream.codec_context.codec.canonical_name
        if codec in _CODECS_IN_MP4:
            self._track = _Copy(self._stream, output)
        else:
            _log.info("%s: %s is no sound for MP4; encoded as AAC", self._container.name, codec)
            self._track = _Recode(self._stream, output)
        while trim and self._next and self._start(self._next) + (self._next.duration or 0) <= 0:
            self._next = next(self._packets, None)

    def packets_until(self, time_s: Fraction | None) -> Iterator[av.Packet]:
        """Yield output packets of sound that begins before a time.

        Args:
            time_s: The time on the output's clock, seconds; ``None`` for all that is left.
        """
        assert self._track is not None, "attach the track first"
        while self._next and (time_s is None or self._start(self._next) * self._time_base < time_s):
            packet, self._next = self._next, next(self._packets, None)
            packet.pts = packet.dts = self._start(packet)
            try:
                copied = self._track.packets(packet)
            except FFmpegError:
                continue  # a damaged packet is a moment of silence
            yield from copied

    def last_packets(self) -> list[av.Packet]:
        """Return what an encoder still holds."""
        return self._track.last_packets() if self._track else []

    def close(self) -> None:
        """Release the input."""
        self._container.close()

    def _start(self, packet: av.Packet[AudioStream]) -> int:
        return _ticks(packet) - self._shift

    def _read(self) -> Iterator[av.Packet[AudioStream]]:
        """Yield packets with strictly increasing times, as a container demands them."""
        packets = self._container.demux(self._stream)
        previous = None
        try:
            for packet in packets:
                if packet.size and (previous is None or _ticks(packet) > previous):
                    previous = _ticks(packet)
                    yield packet
        except (FFmpegError, IndexError) as error:
            _log.warning("%s: its sound ends early (%s)", self._container.name, error)


def open_audio(path: Path) -> AudioTrack | None:
    """Open the sound of a file; ``None`` if it has none.

    Raises:
        SourceError: If the file cannot be opened.
    """
    container = open_media(path)
    stream = container.streams.best("audio")
    if isinstance(stream, AudioStream) and stream.codec_context is not None:
        track = AudioTrack(container, stream)
        if track.begins_s is not None:
            return track
    container.close()
    return None


def _ticks(packet: av.Packet[AudioStream]) -> int:
    """Return a packet's time; sound is heard in the order in which it is decoded."""
    ticks = packet.dts if packet.pts is None else packet.pts
    return ticks or 0


class _Copy:
    """Packets as they are, less framing that MP4 keeps elsewhere."""

    def __init__(self, stream: AudioStream, output: OutputContainer) -> None:
        self._output = output.add_stream_from_template(stream)
        context = stream.codec_context
        framed = context.codec.canonical_name == "aac" and not context.extradata
        self._filter = BitStreamFilterContext("aac_adtstoasc", stream) if framed else None

    def packets(self, packet: av.Packet[AudioStream]) -> list[av.Packet]:
        copied = self._filter.filter(packet) if self._filter else [packet]
        for one in copied:
            one.stream = self._output
        return copied

    def last_packets(self) -> list[av.Packet]:
        return []


class _Recode:
    """Sound decoded and encoded as AAC, in one or two channels."""

    def __init__(self, stream: AudioStream, output: OutputContainer) -> None:
        rate = stream.rate if stream.rate in _AAC_RATES else _FALLBACK_RATE
        self._encoder = output.add_stream("aac", rate=rate)
        self._encoder.codec_context.layout = "mono" if stream.channels == 1 else "stereo"

    def packets(self, packet: av.Packet[AudioStream]) -> list[av.Packet]:
        return [made for frame in packet.decode() for made in self._encoder.encode(frame)]

    def last_packets(self) -> list[av.Packet]:
        return self._encoder.encode(None)

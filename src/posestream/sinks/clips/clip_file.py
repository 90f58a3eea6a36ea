"""One clip: an MP4 of pictures that are encoded already, and what happens in it as JSON."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.video.stream import VideoStream

from posestream.errors import SinkError
from posestream.events import Event
from posestream.sinks.clips.ring import EncodedPicture
from posestream.sinks.mp4 import IN_FRAGMENTS, cut_after_last_fragment, movie_timescale
from posestream.sinks.progressive import make_progressive
from posestream.sinks.records import unwritable

CLIP_SCHEMA_VERSION = 1
"""Version of the JSON beside a clip."""


class ClipFile:
    """An MP4 that plays while it grows; its first picture is at time zero.

    Args:
        path: The file; its name's JSON goes beside it.
        template: The stream that the pictures are of.
        first: The first picture, a key frame.

    Raises:
        SinkError: If it cannot be made.
    """

    def __init__(self, path: Path, *, template: VideoStream, first: EncodedPicture) -> None:
        self.path = path
        self._first = first
        self._timescale = movie_timescale(first.time_base)
        self._pictures = 0
        self._last = first
        self._last_dts = first.dts - 1
        options = {**IN_FRAGMENTS, "movie_timescale": str(self._timescale)}
        try:
            self._output = av.open(f"file:{path}", "w", format="mp4", container_options=options)
            self._stream = self._output.add_stream_from_template(template, opaque=True)
            self._stream.time_base = first.time_base
        except FFmpegError as error:
            raise _failed(path, error) from error

    @property
    def last_dts(self) -> int:
        """The last picture's place in the order of decoding, ticks."""
        return self._last_dts

    def add(self, picture: EncodedPicture) -> None:
        """Add the next picture in the order of decoding.

        Raises:
            SinkError: If it cannot be written.
        """
        packet = picture.packet(shift=-self._first.pts)
        packet.stream = self._stream
        try:
            self._output.mux(packet)
        except FFmpegError as error:
            raise _failed(self.path, error) from error
        self._pictures += 1
        self._last_dts = picture.dts
        if picture.pts > self._last.pts:
            self._last = picture

    def describe(self, events: Sequence[Event]) -> None:
        """Write the JSON beside it; at any moment there is a whole one.

        Raises:
            SinkError: If it cannot be written.
        """
        start_s = self._first.pts_s
        end_s = float((self._last.pts + self._last.duration) * self._last.time_base)
        about = {
            "schema": CLIP_SCHEMA_VERSION,
            "stream": events[0].stream,
            "clip": self.path.name,
            "start_pts_s": round(start_s, 6),
            "end_pts_s": round(end_s, 6),
            "events": [
                {"clip_s": round(event.pts_s - start_s, 6), **event.to_dict()} for event in events
            ],
        }
        path = self.path.with_suffix(".json")
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
            os.replace(part, path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise unwritable(path, error) from error

    def finish(self) -> None:
        """Turn it into an ordinary MP4.

        Raises:
            SinkError: If its end cannot be written; what was written before plays.
        """
        try:
            self._output.close()
        except FFmpegError as error:
            self.abandon()
            raise _failed(self.path, error) from error
        zero, tick_s = self._first.pts, self._last.time_base
        last_s: tuple[Fraction, Fraction] = (
            (self._last.pts - zero) * tick_s,
            self._last.duration * tick_s,
        )
        make_progressive(
            self.path,
            packets=self._pictures,
            movie_timescale=self._timescale,
            last_picture_s=last_s,
        )

    def abandon(self) -> None:
        """Close it after a failure, with the fragments that are whole."""
        with contextlib.suppress(FFmpegError):
            self._output.close()
        with contextlib.suppress(OSError):
            cut_after_last_fragment(self.path)


def _failed(path: Path, error: FFmpegError) -> SinkError:
    return SinkError(f"{path}: cannot be written ({error.strerror})")

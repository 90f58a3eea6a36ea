"""Clips around a stream's events."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path

import av
from av.video.stream import VideoStream

from posestream.errors import SinkError
from posestream.events import Event
from posestream.sinks.clips.clip_file import ClipFile
from posestream.sinks.clips.ring import EncodedPicture, PictureRing
from posestream.sinks.clips.span import ClipSpan
from posestream.sinks.records import make_folder
from posestream.types import Result

_log = logging.getLogger("posestream.clips")

_SLACK_S = 1.0
_NAME_LENGTH = 80


class EventClips:
    """Cuts a clip out of a stream's encoded pictures around each event.

    It gets the pictures as the tap of a `VideoSink` or a `ClipEncoder`, and the events as a sink of
    results. A clip begins with the last key frame before its time. Events whose clips would
    overlap share one, of limited length; where that is too short, another goes on. Times are those
    of the stream, so a file's clips do not depend on how fast it is read.

    A clip plays while it grows. One that cannot be written is given up with a line in the log: the
    stream, and its alerts, go on.

    Args:
        folder: Where clips go, as ``STREAM-KIND-TIME-ID.mp4`` and ``.json``. TIME is UTC for live
            streams and the stream's own for files; ID is the person's.
        before_s: Seconds before an event that its clip shows.
        after_s: Seconds after it.
        longest_s: Length of a clip at most, seconds, not counting what lies between the key frame
            and its time.
        kinds: Kinds of events that get clips; all of them where it is empty.
        overwrite: Whether clips of an earlier run may be replaced; else a number is added.

    Raises:
        SinkError: If the folder cannot be made.
        ValueError: If a time is negative, or a clip would be too short for one event.
    """

    def __init__(
        self,
        folder: Path,
        *,
        before_s: float = 5.0,
        after_s: float = 10.0,
        longest_s: float = 60.0,
        kinds: Collection[str] = (),
        overwrite: bool = False,
    ) -> None:
        if before_s < 0 or after_s < 0 or longest_s < max(before_s + after_s, 1.0):
            raise ValueError(
                f"clips: {before_s} s before and {after_s} s after do not fit into {longest_s} s"
            )
        make_folder(folder)
        self._folder = folder
        self._times = {"before_s": before_s, "after_s": after_s, "longest_s": longest_s}
        self._kinds = frozenset(kinds)
        self._overwrite = overwrite
        self._ring = PictureRing(keep_s=before_s + _SLACK_S)
        self._template: VideoStream | None = None
        self._shift_s = Fraction(0)
        self._noted: list[Event] = []
        self._live = False
        self._open: tuple[ClipSpan, ClipFile] | None = None
        self._names: set[str] = set()

    @property
    def held_bytes(self) -> int:
        """What the last seconds take in memory."""
        return self._ring.size_bytes

    def write(self, result: Result) -> None:
        """Take note of what a frame settled; before, or after, its picture comes."""
        self._live = result.live
        self._noted += (e for e in result.events if not self._kinds or e.kind in self._kinds)

    def close(self) -> None:
        """Do nothing: the pictures' end is the end."""

    def begin(self, stream: VideoStream, *, shift_s: Fraction) -> None:
        """Take note of the video."""
        # A copy, for the video may be closed, and its memory gone, while a clip is to be opened.
        self._holder = av.open(os.devnull, "w", format="null")
        self._template = self._holder.add_stream_from_template(stream, opaque=True)
        self._shift_s = shift_s

    def take(self, packet: av.Packet) -> None:
        """Take the next encoded picture."""
        shift = round(self._shift_s / packet.time_base)
        picture = EncodedPicture.of(packet, shift=shift)
        self._ring.add(picture)
        try:
            self._cut(picture)
        except SinkError as error:
            self._give_up(error)

    def end(self) -> None:
        """Finish the clip that is open; may be called twice."""
        try:
            self._meet_events(no_more=True)
            while self._open is not None:
                self._finish()
                self._meet_events(no_more=True)
        except SinkError as error:
            self._give_up(error)
        if self._noted:
            _log.warning("%s: no clip, for no picture came any more", _names(self._noted))
            self._noted.clear()

    def _cut(self, picture: EncodedPicture) -> None:
        if self._open is not None:
            span, clip = self._open
            if picture.dts_s <= span.end_s:
                clip.add(picture)
            elif picture.dts_s > span.settled_s:
                self._finish()
                if rest := span.rest():
                    self._begin(rest)
        self._meet_events()

    def _meet_events(self, *, no_more: bool = False) -> None:
        """Open or lengthen clips; an encoder that lags behind is waited for while more comes."""
        while self._noted and len(self._ring):
            if self._open is None:
                span = ClipSpan(self._noted[0], **self._times)
                if not no_more and self._ring.reached_s < span.start_s:
                    return
                self._noted.pop(0)
                self._begin(span)
                continue
            span, clip = self._open
            if not span.takes(self._noted[0]):
                return
            span.add(self._noted.pop(0))
            self._catch_up()
            clip.describe(span.events)

    def _begin(self, span: ClipSpan) -> None:
        pictures = self._ring.since(span.start_s)
        assert self._template is not None
        path = self._path(span.events[0])
        clip = ClipFile(path, template=self._template, first=pictures[0])
        self._open = (span, clip)
        self._catch_up()
        clip.describe(span.events)

    def _catch_up(self) -> None:
        """Write what the ring holds of the clip's time and the file does not."""
        if self._open is not None:
            span, clip = self._open
            for picture in self._ring.after(clip.last_dts):
                if picture.dts_s <= span.end_s:
                    clip.add(picture)

    def _finish(self) -> None:
        if self._open is not None:
            span, clip = self._open
            self._open = None
            clip.finish()
            clip.describe(span.events)

    def _give_up(self, error: SinkError) -> None:
        if self._open is not None:
            self._open[1].abandon()
            self._open = None
        _log.warning("a clip is given up: %s", error)

    def _path(self, event: Event) -> Path:
        if self._live:
            when = datetime.fromtimestamp(event.wall_s, timezone.utc)
            time = f"{when:%Y%m%dT%H%M%S}Z"
        else:
            time = f"{max(event.pts_s, 0):09.3f}s"
        who = str(event.track) if event.track >= 0 else "unknown"
        stem = "-".join((_plain(event.stream), _plain(event.kind), time, who))
        name, number = stem, 1
        while name in self._names or not (self._overwrite or self._is_free(name)):
            number += 1
            name = f"{stem}-{number}"
        self._names.add(name)
        return self._folder / f"{name}.mp4"

    def _is_free(self, name: str) -> bool:
        return not any((self._folder / f"{name}{end}").exists() for end in (".mp4", ".json"))


def _plain(text: str) -> str:
    """Return a text as a part of a file's name, whatever it holds."""
    return re.sub(r"[^\w.]+", "_", text)[:_NAME_LENGTH].strip("._") or "_"


def _names(events: Collection[Event]) -> str:
    return ", ".join(f"{event.stream}: {event.kind} at {event.pts_s:.1f} s" for event in events)

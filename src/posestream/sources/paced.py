"""Play a recording at its own speed, as if it were a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from posestream.sources import Source, SourceInfo
from posestream.sources.pacing import Pacer
from posestream.types import Frame


class PacedSource:
    """The frames of another source, each given when it is due.

    It counts as live: whoever reads too slowly finds frames waiting, and is to drop some, as with
    a camera. Frames are given late rather than left out here. Their ``wall_s`` is when they were
    given.

    Args:
        source: What is played; this takes charge of closing it.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._closed = threading.Event()

    @property
    def name(self) -> str:
        """Name of the stream."""
        return self._source.name

    @property
    def info(self) -> SourceInfo:
        """What is known of the recording; a live stream has no number of frames."""
        return replace(self._source.info, live=True, frame_count=None)

    @property
    def corrupt_frames(self) -> int:
        """Damaged packets or frames of the recording so far."""
        return self._source.corrupt_frames

    def frames(self) -> Iterator[Frame]:
        """Yield every frame once, in order, at the pace of the recording's own times.

        Raises:
            SourceError: If the recording cannot be read on.
        """
        pacer = Pacer(self._closed)
        for frame in self._source.frames():
            if not pacer.wait(frame.pts_s):
                return
            yield replace(frame, wall_s=time.time())

    def close(self) -> None:
        """Release the recording and wake a wait; may be called twice, and from another thread."""
        self._closed.set()
        self._source.close()

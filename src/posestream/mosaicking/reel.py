"""The thread on which a mosaic is made, and the sinks that it goes to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction

from posestream.images import HostImage
from posestream.runtime.outcomes import attempt
from posestream.sinks import FrameSink
from posestream.types import Frame

MOSAIC = "mosaic"
"""What the stream of mosaic pictures is called."""


class Reel:
    """Makes pictures on a thread of its own and hands them to sinks as frames of one stream.

    Args:
        sinks: Take the frames; closed at the end.
        make: Makes and writes pictures until there are no more; its error is kept.
    """

    def __init__(self, sinks: Sequence[FrameSink], make: Callable[[Reel], None]) -> None:
        self._sinks = sinks
        self._finished = False
        self.frames = 0
        self.error: Exception | None = None
        self._make = make
        # A daemon, or a mosaic that nobody closed would keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=MOSAIC, daemon=True)
        self._thread.start()

    def write(self, picture: HostImage, *, tick: int, rate: Fraction) -> None:
        """Write a picture that is shown from a tick on, at ``rate`` ticks per second.

        Raises:
            SinkError: If a sink cannot take it.
        """
        picture.frame.duration = 1
        frame = Frame(
            stream=MOSAIC,
            index=self.frames,
            pts=tick,
            time_base=1 / rate,
            image=picture,
            wall_s=time.time(),
        )
        for sink in self._sinks:
            sink.write(frame)
        self.frames += 1

    def finish(self) -> None:
        """Wait until the last picture is made and close the sinks; may be called twice.

        Raises:
            SinkError: If a sink failed at any time; all are closed nevertheless.
        """
        if self._finished:
            return
        self._finished = True
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.callback(sink.close)
            self._thread.join()
            if self.error is not None:
                raise self.error

    def _run(self) -> None:
        self.error = attempt(lambda: self._make(self)).error

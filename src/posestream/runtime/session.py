"""One opening of a source, read on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Protocol

from posestream.runtime.metrics import StageClock
from posestream.runtime.outcomes import attempt
from posestream.types import Frame


class SourceInfo(Protocol):
    """What is known about a source before its first frame; see `posestream.sources.SourceInfo`."""

    @property
    def live(self) -> bool:
        """Whether it does not wait for its reader."""
        ...

    @property
    def ends(self) -> bool:
        """Whether its end is an end, and not a lost connection."""
        ...

    @property
    def frame_count(self) -> int | None:
        """Frames expected; None where unknown."""
        ...


class Source(Protocol):
    """A stream of frames; see `posestream.sources.Source`."""

    @property
    def info(self) -> SourceInfo:
        """What is known before the first frame."""
        ...

    @property
    def corrupt_frames(self) -> int:
        """Damaged packets or frames so far."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Yield frames until the end or a failure."""
        ...

    def close(self) -> None:
        """Release the input."""
        ...


class Session:
    """Opens a source and hands on its frames until it ends, fails or is abandoned.

    A source may hang in a way that nothing can interrupt. So the thread is a daemon, and a session
    that is abandoned has no more say, whether its thread ends or not.

    Args:
        open_source: Opens the source; may take long.
        opened: Told the source, before its first frame.
        deliver: Takes a frame and when it was read, by the monotonic clock; returns False if no
            more are wanted.
        over: Told when the thread ends.
        clock: Where the time of reading is counted.
        name: Name of the stream.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        opened: Callable[[Session, Source], None],
        deliver: Callable[[Session, Frame, float], bool],
        over: Callable[[Session], None],
        clock: StageClock,
        name: str,
    ) -> None:
        self._open_source = open_source
        self._opened = opened
        self._deliver = deliver
        self._over = over
        self._clock = clock
        self.source: Source | None = None
        self.error: Exception | None = None
        self.frames = 0
        self.begun_s = self.latest_s = time.monotonic()
        self.finished = False
        self.abandoned = False
        self._thread = threading.Thread(target=self._run, name=f"read-{name}", daemon=True)
        self._thread.start()

    def abandon(self) -> None:
        """Let it end as soon as it can; returns at once."""
        self.abandoned = True
        if self.source is not None:
            self.source.close()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; return whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self.error = attempt(self._read).error
        self.finished = True
        self._over(self)

    def _read(self) -> None:
        with closing(self._open_source()) as source:
            if self.abandoned:
                return
            self.source = source
            self._opened(self, source)
            frames = iter(source.frames())
            while not self.abandoned:
                start = time.perf_counter()
                frame = next(frames, None)
                if frame is None:
                    return
                self._clock.add("read", time.perf_counter() - start)
                self.frames += 1
                self.latest_s = time.monotonic()
                if not self._deliver(self, frame, self.latest_s):
                    return

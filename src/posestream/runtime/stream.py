"""One stream from its source to results in order: a reader thread and the estimator's workers."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from posestream.findings import NOTHING, Findings
from posestream.runtime.metrics import StageClock
from posestream.runtime.pool import EstimatorPool, Found
from posestream.runtime.queues import BoundedQueue
from posestream.runtime.stopping import StopFlag
from posestream.topology import Topology
from posestream.types import Frame, Poses, Result, Tracks


class _Source(Protocol):
    def frames(self) -> Iterator[Frame]: ...
    def close(self) -> None: ...


class _Secondary(Protocol):
    def due(self, place: int, pts_s: float) -> Collection[str]: ...
    def settle(self, tracks: Tracks, fresh: Findings) -> Findings: ...


class StreamRunner:
    """Read a source ahead, find people in every ``interval``-th frame, give results in order.

    The reader waits while ``ahead`` frames are on their way, so memory is bounded and no frame of
    a file is lost. Iterate once; leaving the loop early stops the reader.

    Args:
        source: Where frames come from; closed at the end.
        pool: Who finds people.
        topology: What the keypoints mean.
        clock: Where stage times are counted.
        interval: Find people in every n-th frame; the frames between carry them over.
        ahead: Frames on their way at once; by default two more than twice the workers.
        stop: Once requested, nothing more is read; frames already read still come out.
        secondary: Says which secondary models look at which frame, and carries over what they
            found; None without any.
    """

    def __init__(
        self,
        source: _Source,
        pool: EstimatorPool,
        *,
        topology: Topology,
        clock: StageClock,
        interval: int = 1,
        ahead: int | None = None,
        stop: StopFlag | None = None,
        secondary: _Secondary | None = None,
    ) -> None:
        self._source = source
        self._pool = pool
        self._topology = topology
        self._clock = clock
        self._interval = interval
        self._queue: BoundedQueue[tuple[Frame, Future[Found] | None]] = BoundedQueue(
            ahead or 2 * pool.workers + 2
        )
        self._stop = stop or StopFlag()
        self._secondary = secondary
        self._left = False

    def __iter__(self) -> Iterator[tuple[Frame, Result]]:
        """Yield each frame with its result, in order.

        Raises:
            PosestreamError: What ended the source, after every frame read before it.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="read")
        reading = thread.submit(self._read)
        nobody = Poses.empty(len(self._topology.keypoints))
        found = Found(nobody, NOTHING)
        try:
            for frame, future in self._queue:
                found = future.result() if future else Found(found.poses, NOTHING)
                yield frame, self._result(frame, found, inferred=future is not None)
        finally:
            self._left = True
            for _, future in self._queue.cancel():
                if future:
                    future.cancel()
            thread.shutdown(wait=True)
        reading.result()

    def _read(self) -> None:
        try:
            for place, frame in enumerate(self._timed_frames()):
                infer = place % self._interval == 0
                due = self._secondary.due(place, frame.pts_s) if infer and self._secondary else ()
                future = self._pool.submit(frame.image, due=due) if infer else None
                if not self._queue.put((frame, future)):
                    break
        finally:
            self._source.close()
            self._queue.close()

    def _timed_frames(self) -> Iterator[Frame]:
        frames = iter(self._source.frames())
        while not (self._stop.requested or self._left):
            start = time.perf_counter()
            frame = next(frames, None)
            if frame is None:
                return
            self._clock.add("read", time.perf_counter() - start)
            yield frame

    def _result(self, frame: Frame, found: Found, *, inferred: bool) -> Result:
        tracks, findings = Tracks.untracked(found.poses), found.findings
        if self._secondary:
            findings = self._secondary.settle(tracks, findings)
        return Result(
            stream=frame.stream,
            frame=frame.index,
            pts_s=frame.pts_s,
            wall_s=frame.wall_s,
            size=frame.image.size,
            tracks=tracks,
            topology=self._topology,
            inferred=inferred,
            file=frame.file,
            findings=findings,
        )

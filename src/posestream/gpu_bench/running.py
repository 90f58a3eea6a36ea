"""Run streams as ``posestream run`` does, and look at them in the middle."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from posestream.config import Config
from posestream.errors import InferenceError, SourceError
from posestream.gpu_bench.footprint import footprint
from posestream.gpu_bench.windows import Sample, Window, errors_of
from posestream.pipeline import run
from posestream.runtime.status import StreamState, StreamStatus
from posestream.runtime.stopping import StopFlag

OPENING_S = 300.0
"""How long streams may take until each has finished a frame, networks loaded and all, seconds."""


class Watch:
    """Is told how a run's streams are doing, takes samples, and ends the run when it has enough.

    Args:
        stop: Ends the run.
        warm_up_s: How long all streams run before it counts, seconds.
        seconds: How long is measured.
        every_s: How often a sample is taken between the first and the last, seconds.
        device: Index of the GPU whose memory counts; None without one.
        tell: Told each sample.
        opening_s: How long streams may take to begin, seconds.
    """

    def __init__(
        self,
        stop: StopFlag,
        *,
        warm_up_s: float,
        seconds: float,
        every_s: float = float("inf"),
        device: int | None = None,
        tell: Callable[[Sample], None] = lambda _: None,
        opening_s: float = OPENING_S,
    ) -> None:
        self._stop, self._tell, self._device = stop, tell, device
        self._warm_up_s, self._seconds, self._every_s = warm_up_s, seconds, every_s
        self._opening_s = opening_s
        self._created_s = time.monotonic()
        self._begun_s: float | None = None
        self.samples: list[Sample] = []
        self.problem: str | None = None

    @property
    def opened_s(self) -> float:
        """How long it took until every stream had finished a frame, seconds."""
        return (self._begun_s or time.monotonic()) - self._created_s

    def look(self, streams: Sequence[StreamStatus]) -> None:
        """Take a sample if it is time."""
        if self._stop.requested:
            return
        now_s = time.monotonic()
        failed = [one for one in streams if one.state is StreamState.FAILED]
        if failed:
            self._give_up(f"{failed[0].name}: {failed[0].error}")
        elif self._begun_s is None:
            self._wait_for_all(streams, now_s)
        elif now_s >= self._begun_s + self._warm_up_s:
            self._measure(streams, now_s)

    def window(self) -> Window:
        """Return what was measured.

        Raises:
            InferenceError: If nothing was, because a stream failed or did not begin.
        """
        if self.problem is not None:
            raise InferenceError(self.problem)
        if len(self.samples) < 2:
            raise InferenceError("the streams ended before they were measured")
        return Window(self.samples[0], self.samples[-1])

    def _wait_for_all(self, streams: Sequence[StreamStatus], now_s: float) -> None:
        begun = sum(stream.frames > 0 for stream in streams)
        if streams and begun == len(streams):
            self._begun_s = now_s
        elif now_s - self._created_s > self._opening_s:
            share = f"{begun} of {len(streams)} streams began in {self._opening_s:.0f} s"
            self._give_up("; ".join((share, *errors_of(streams))))

    def _measure(self, streams: Sequence[StreamStatus], now_s: float) -> None:
        begun_s = self.samples[0].at_s if self.samples else now_s
        due_s = begun_s + min(self._seconds, len(self.samples) * self._every_s)
        if not self.samples or now_s >= due_s:
            self._sample(streams)
        if now_s >= begun_s + self._seconds:
            self._stop.request()

    def _sample(self, streams: Sequence[StreamStatus]) -> None:
        taken = footprint(device=self._device)
        sample = Sample(time.monotonic(), tuple(streams), taken)
        self.samples.append(sample)
        self._tell(sample)

    def _give_up(self, problem: str) -> None:
        self.problem = problem
        self._stop.request()


def measure_run(config: Config, watch: Watch, stop: StopFlag) -> Window:
    """Run streams until a watch has seen enough; return what it saw.

    Args:
        config: What runs; its streams must not end by themselves.
        watch: Looks at it.
        stop: What the watch ends the run with.

    Raises:
        PosestreamError: If the run fails, or a stream of it.
    """
    try:
        run(config, stop=stop, on_status=watch.look)
    except SourceError:
        if watch.problem is None:
            raise
    return watch.window()

"""The processes of a run, as one set of streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from posestream.errors import PosestreamError
from posestream.outputs_planned import existing_outputs
from posestream.runtime.metrics import StageTime
from posestream.runtime.status import StreamStatus
from posestream.serving.machine import ProcessUse, process_use
from posestream.sharding.process import ShardProcess

_LOOK_EVERY_S = 0.05


class Team:
    """Processes that run one set of streams between them.

    Args:
        processes: All of them.
        order: Names of all streams, in the run's order.
    """

    def __init__(self, processes: Sequence[ShardProcess], order: Sequence[str]) -> None:
        self._processes = processes
        self._home = {s.name: one for one in processes for s in one.share.streams}
        self._order = order
        self._finished = False

    @property
    def clock(self) -> Team:
        """What knows the cost of stages: itself."""
        return self

    @property
    def over(self) -> bool:
        """Whether every process is done, or gone."""
        return all(one.over.is_set() for one in self._processes)

    @property
    def estimator(self) -> str:
        """What finds people, for people."""
        found = {one.estimator: None for one in self._processes if one.estimator is not None}
        return f"{' and '.join(found) or 'nothing yet'}, in {len(self._processes)} processes"

    @property
    def failure(self) -> PosestreamError | None:
        """What the streams of a process share, and failed; None if all is well."""
        return next((one.failure for one in self._processes if one.failure is not None), None)

    def statuses(self) -> list[StreamStatus]:
        """Return how every stream is doing, in the run's order."""
        return [self._home[name].statuses[name] for name in self._order]

    def status(self, name: str) -> StreamStatus | None:
        """Return how one stream is doing; None if there is no such stream."""
        home = self._home.get(name)
        return None if home is None else home.statuses[name]

    def report(self) -> dict[str, StageTime]:
        """Return every stage's cost so far, in all processes together."""
        total: dict[str, StageTime] = {}
        for one in self._processes:
            for stage, cost in one.stages.items():
                old = total.get(stage, StageTime(0, 0.0))
                total[stage] = StageTime(old.calls + cost.calls, old.total_s + cost.total_s)
        return total

    def use(self) -> ProcessUse:
        """Return what all processes take of the machine, this one among them."""
        uses = [process_use(), *(one.use for one in self._processes)]
        return ProcessUse(
            cpu_s=sum(use.cpu_s for use in uses),
            resident_bytes=_sum(use.resident_bytes for use in uses),
            threads=_sum(use.threads for use in uses),
            open_files=_sum(use.open_files for use in uses),
        )

    def outputs(self) -> list[Path]:
        """Return what the processes have written."""
        written: list[Path] = []
        for one in self._processes:
            if one.summary is not None:
                written += one.summary.outputs
            else:
                for stream in one.share.streams:
                    written += existing_outputs(one.share.config, stream)
        return written

    def prepare(self, asked_to_stop: Callable[[], bool]) -> None:
        """Wait until everything is loaded everywhere, or somebody wants an end.

        Raises:
            PosestreamError: If a process says that the run cannot be.
        """
        while not all(one.settled.wait(_LOOK_EVERY_S) for one in self._processes):
            if asked_to_stop() or self.failure is not None:
                break
        if self.failure is not None:
            raise self.failure

    def begin(self) -> None:
        """Let every process open its streams."""
        for one in self._processes:
            one.begin()

    def finish(self, *, timeout_s: float) -> None:
        """Let every process finish its files, and end those that need too long.

        Args:
            timeout_s: How long that may take, seconds.
        """
        if self._finished:
            return
        self._finished = True
        for one in self._processes:
            one.stop()
        deadline_s = time.monotonic() + timeout_s
        for one in self._processes:
            if not one.over.wait(max(0.0, deadline_s - time.monotonic())):
                one.kill(f"did not finish within {timeout_s:g} s")
                one.over.wait(1.0)

    def close(self) -> None:
        """Let the processes go; may be called twice."""
        for one in self._processes:
            one.close()


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None

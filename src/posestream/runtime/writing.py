"""One stream's results, made and written in order."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from posestream.errors import InferenceError
from posestream.events import ActivitySegment
from posestream.runtime.lane import Lane
from posestream.runtime.meter import StreamMeter
from posestream.runtime.outcomes import attempt
from posestream.runtime.results import ResultMaker
from posestream.runtime.scheduling import Ticket
from posestream.runtime.turns import Turns
from posestream.types import Frame, Result

_log = logging.getLogger("posestream.streams")

_MAX_FAILURES_IN_A_ROW = 100


class Consumer(Protocol):
    """Takes one stream's frames and results."""

    @property
    def quick(self) -> bool:
        """Whether `write` never takes long, so that one thread may serve many streams."""
        ...

    def write(self, frame: Frame, result: Result) -> None:
        """Take the next frame; may block, which holds the stream up."""
        ...

    def finish(self, activities: Sequence[ActivitySegment]) -> None:
        """Take what people did until the stream ended; nothing follows but `close`."""
        ...

    def close(self) -> None:
        """Finish what was begun."""
        ...


class Writer:
    """Takes served tickets from a lane, makes results and hands them to a consumer.

    Does so in turns, as tickets are ready, each on whatever thread has time, one at a time.

    A network that fails on a frame ends a stream by the rules of files. Of a live stream that
    frame is left out and counted, and only a hundred such frames in a row end it.

    Args:
        lane: Gives served tickets.
        maker: Makes results.
        consumer: Takes them; closed at the end, also after a failure.
        turns: Where it works.
        meter: Counts them.
        live: Whether the rules of live streams hold.
        over: Told when everything is finished.
        name: Name of the stream.
    """

    def __init__(
        self,
        lane: Lane,
        maker: ResultMaker,
        consumer: Consumer,
        *,
        turns: Turns,
        meter: StreamMeter,
        live: bool,
        over: Callable[[], None],
        name: str,
    ) -> None:
        self._lane = lane
        self._maker = maker
        self._consumer = consumer
        self._meter = meter
        self._live = live
        self._over = over
        self._name = name
        self._failures = 0
        self.error: Exception | None = None
        self._finished = threading.Event()
        lane.attend(functools.partial(turns.call, self._turn))

    @property
    def finished(self) -> bool:
        """Whether everything has been written, or given up."""
        return self._finished.is_set()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is written; return whether it is."""
        return self._finished.wait(timeout_s)

    def _turn(self) -> None:
        turn = attempt(self._hand_on)
        if turn.error is not None or turn.value:
            self._finish(turn.error)

    def _hand_on(self) -> bool:
        return self._lane.hand_on(self._take)

    def _take(self, ticket: Ticket) -> None:
        if ticket.error is not None:
            self._left_out(ticket.error)
            return
        self._failures = 0
        self._write(self._maker.results(ticket))

    def _finish(self, error: Exception | None) -> None:
        error = error or attempt(self._write_rest).error
        if error is not None:
            self._lane.cancel()
        closing_error = attempt(self._consumer.close).error
        self.error = error or closing_error
        self._finished.set()
        self._over()

    def _write_rest(self) -> None:
        self._write(self._maker.rest())
        self._consumer.finish(self._maker.finish())

    def _write(self, results: Iterable[tuple[Ticket, Result]]) -> None:
        for ticket, result in results:
            self._consumer.write(ticket.frame, result)
            self._meter.written(result, read_s=ticket.read_s)

    def _left_out(self, error: Exception) -> None:
        self._failures += 1
        passes = self._live and isinstance(error, InferenceError)
        if not passes or self._failures >= _MAX_FAILURES_IN_A_ROW:
            raise error
        self._meter.dropped()
        if self._failures == 1:
            _log.warning("%s: a frame was left out: %s", self._name, error)

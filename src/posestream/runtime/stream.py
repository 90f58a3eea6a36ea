"""One stream: its source, supervised, and its results, in order."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from posestream.credentials import redacted
from posestream.errors import PosestreamError
from posestream.runtime.lane import Lane
from posestream.runtime.meter import StreamMeter
from posestream.runtime.metrics import StageClock
from posestream.runtime.results import Analysis, ResultMaker, Secondary
from posestream.runtime.retiming import LiveTimeline
from posestream.runtime.scheduling import Scheduler, Ticket
from posestream.runtime.session import Session, Source
from posestream.runtime.status import StreamState, StreamStatus
from posestream.runtime.supervision import RetryPolicy, Supervision
from posestream.runtime.turns import Turns
from posestream.runtime.writing import Consumer, Writer
from posestream.topology import Topology
from posestream.types import Frame

_log = logging.getLogger("posestream.streams")

_LIVE_AHEAD = 6
_MAX_UNFINISHED_SESSIONS = 3


S = TypeVar("S", bound=Source)


@dataclass(frozen=True, slots=True)
class StreamPlan(Generic[S]):
    """What a stream is to do."""

    name: str
    """Name of the stream, unlike any other's."""
    open_source: Callable[[], S]
    """Opens its source, each time it is started or comes back."""
    open_consumer: Callable[[S], Consumer]
    """Makes who takes its results, once the source is open for the first time."""
    input: str = ""
    """Where its frames come from, for people."""
    retries: bool = False
    """Whether its source may come back when it cannot be opened."""
    takes_turns: bool = False
    """Whether it may wait until fewer others are open; for streams that come to an end."""
    logs_failure: bool = True
    """Whether its failure is logged; not where the caller raises it."""
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    """When it is tried again."""
    interval: int = 1
    """People are looked for in every n-th frame."""
    secondary: Callable[[], Secondary | None] = lambda: None
    """Makes what says when secondary models look."""
    analysis: Callable[[], Analysis | None] = lambda: None
    """Makes what follows people, each time the stream is started."""


class Stream:
    """Reads, supervises and writes one stream; all methods may be called from any thread.

    Args:
        plan: What it is to do.
        scheduler: Where its frames wait for a worker.
        turns: Where results are written that take no time to write.
        topology: What the keypoints mean.
        ahead: Gives the most frames of a file on their way at once.
        clock: Where the time of reading is counted.
        changed: Told when something happened that `tick` should look at.
    """

    def __init__(
        self,
        plan: StreamPlan[Any],
        *,
        scheduler: Scheduler,
        turns: Turns,
        topology: Topology,
        ahead: Callable[[], int],
        clock: StageClock,
        changed: Callable[[], None],
    ) -> None:
        self.plan = plan
        self._scheduler = scheduler
        self._turns = turns
        self._topology = topology
        self._ahead = ahead
        self._clock = clock
        self._changed = changed
        self._lock = threading.RLock()
        self._meter = StreamMeter()
        self._secondary = plan.secondary()
        self._supervision = Supervision(self._connect, policy=plan.policy, retries=plan.retries)
        self._sessions: list[Session] = []
        self._beginning = False
        self._corrupt_before = 0
        self._source: Source | None = None
        self._lane: Lane | None = None
        self._writer: Writer | None = None
        self._timeline: LiveTimeline | None = None
        self._place = 0
        self._since_inferred = plan.interval

    @property
    def error(self) -> Exception | None:
        """Why it failed; None if it did not."""
        return self._supervision.error if self.state is StreamState.FAILED else None

    @property
    def state(self) -> StreamState:
        """What it is doing."""
        state = self._supervision.state
        writing = self._writer is not None and not self._writer.finished
        return StreamState.RUNNING if state is StreamState.ENDED and writing else state

    @property
    def active(self) -> bool:
        """Whether it has begun and is not done."""
        return self._supervision.state is not StreamState.WAITING and not self.done

    @property
    def done(self) -> bool:
        """Whether nothing more happens, and everything is written."""
        written = self._writer is None or self._writer.finished
        return self._supervision.state.final and written and not self._beginning

    def start(self) -> None:
        """Begin, or begin again after it has ended, failed or been stopped."""
        with self._lock:
            if self._supervision.state is StreamState.WAITING or self.done:
                self._lane = self._writer = None
                self._supervision.start()

    def stop(self) -> None:
        """Read no more; what was read is written unless the stream is live; returns at once."""
        with self._lock:
            if self._supervision.state.final:
                return
            session = self._supervision.session
            self._supervision.stop()
            if session is None or session.finished or self._live:
                self.let_go()

    def let_go(self) -> None:
        """Write what was read and finish, though the source may still hang."""
        if self._lane is not None:
            self._lane.close()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until everything is written; return whether it is."""
        writer = self._writer
        return writer is None or writer.join(timeout_s)

    def tick(self, now_s: float) -> None:
        """Look after the source: open it again, give it up, notice its end.

        Args:
            now_s: Monotonic seconds.
        """
        with self._lock:
            before = self._supervision.state
            if self._supervision.state is not StreamState.FAILED and self._writing_error:
                self._supervision.fail(self._writing_error)
            elif self._supervision.state is not StreamState.RETRYING or self._may_connect():
                self._supervision.tick(now_s)
            if self._supervision.state is not before:
                self._note(before)

    def status(self, now_s: float) -> StreamStatus:
        """Return how it is doing.

        Args:
            now_s: Monotonic seconds.
        """
        source, lane, error = self._source, self._lane, self._supervision.error
        return self._meter.fill(
            StreamStatus(
                name=self.plan.name,
                input=redacted(self.plan.input),
                state=self.state,
                live=self._live,
                expected=source.info.frame_count if source else None,
                corrupt=self._corrupt_before + (source.corrupt_frames if source else 0),
                reconnects=self._supervision.reconnects,
                queue_depth=len(lane) if lane else 0,
                retry_in_s=self._supervision.retry_in_s(now_s),
                error=_text(error) if error else None,
            )
        )

    @property
    def _writing_error(self) -> Exception | None:
        writer = self._writer
        return writer.error if writer is not None and writer.finished else None

    @property
    def _live(self) -> bool:
        return self._source is not None and self._source.info.live

    def _connect(self) -> Session:
        session = Session(
            self.plan.open_source,
            opened=self._opened,
            deliver=self._deliver,
            over=self._session_over,
            clock=self._clock,
            name=self.plan.name,
        )
        self._sessions.append(session)
        return session

    def _may_connect(self) -> bool:
        """Tell whether so few given-up sessions still hang that another may be opened."""
        self._sessions = [session for session in self._sessions if not session.finished]
        return len(self._sessions) < _MAX_UNFINISHED_SESSIONS

    def _opened(self, session: Session, source: Source) -> None:
        """Take over a source: called on the session's thread, before the first frame."""
        with self._lock:  # also waits until `_connect` has returned
            if session.abandoned:
                return
            if self._source is not None:
                self._corrupt_before += self._source.corrupt_frames
            self._source = source
            self._supervision.retries = not source.info.ends
            self._beginning = self._writer is None
            if self._timeline is not None:
                self._timeline.reopened()
        if self._beginning:
            try:
                self._begin_writing(source)
            finally:
                self._beginning = False

    def _begin_writing(self, source: Source) -> None:
        consumer = self.plan.open_consumer(source)
        live = source.info.live
        own = None if consumer.quick else Turns(f"write-{self.plan.name}")
        self._timeline = None if source.info.ends else LiveTimeline()
        self._lane = Lane(
            self._scheduler,
            ahead=_LIVE_AHEAD if live else self._ahead(),
            live=live,
            on_drop=self._dropped,
        )
        self._writer = Writer(
            self._lane,
            ResultMaker(
                self._topology,
                live=live,
                secondary=self._secondary,
                analysis=self.plan.analysis(),
                interval=self.plan.interval,
            ),
            consumer,
            turns=own or self._turns,
            meter=self._meter,
            live=live,
            over=lambda: self._written(own),
            name=self.plan.name,
        )

    def _written(self, own: Turns | None) -> None:
        """Let the thread go that wrote for this stream alone."""
        if own is not None:
            own.close()
        self._changed()

    def _deliver(self, session: Session, frame: Frame, read_s: float) -> bool:
        lane = self._lane
        if lane is None or (session.abandoned and self._live):
            return False
        self._meter.read(read_s)
        if session.frames == 1:
            self._changed()
        if self._timeline is not None:
            frame = self._timeline.place(frame, arrived_s=read_s)
        infer = self._since_inferred >= self.plan.interval
        self._since_inferred = 1 if infer else self._since_inferred + 1
        due = self._secondary.due(self._place, frame.pts_s) if infer and self._secondary else ()
        self._place += 1
        return lane.put(Ticket(frame, lane, infer=infer, due=due, read_s=read_s))

    def _dropped(self, ticket: Ticket) -> None:
        self._meter.dropped()
        if ticket.infer:
            self._since_inferred = self.plan.interval  # the next frame takes its place

    def _session_over(self, session: Session) -> None:
        """Let the lane of a stopped stream end with its session: on the session's thread."""
        with self._lock:
            if self._supervision.state is StreamState.STOPPED and self._lane is not None:
                self._lane.close()
        self._changed()

    def _note(self, before: StreamState) -> None:
        """Log a change of state, and let the lane end where it was the last."""
        supervision, name = self._supervision, self.plan.name
        state, error = supervision.state, supervision.error
        if state is StreamState.RETRYING and before is StreamState.RUNNING:
            _log.warning("%s: lost: %s; trying again", name, _text(error))
        elif state is StreamState.RETRYING and supervision.failures == 1:
            _log.warning("%s: %s; trying again", name, _text(error))
        elif state is StreamState.RUNNING and supervision.reconnects:
            _log.warning("%s: is back", name)
        elif state is StreamState.FAILED and self.plan.logs_failure:
            bug = error if not isinstance(error, PosestreamError) else None
            _log.error("%s: given up: %s", name, _text(error), exc_info=bug)
        if state.final and self._lane is not None:
            self._lane.close()


def _text(error: Exception | None) -> str:
    return redacted(str(error) or type(error).__name__)

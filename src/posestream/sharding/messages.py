"""What a run's processes tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from posestream.errors import PosestreamError
from posestream.events import Event
from posestream.pipeline import RunSummary
from posestream.runtime.metrics import StageTime
from posestream.runtime.status import StreamStatus
from posestream.serving.machine import ProcessUse


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is loaded and checked; the process waits for `Begin`."""

    estimator: str
    """What finds people, for people."""


@dataclass(frozen=True, slots=True)
class Report:
    """How a process is doing; sent several times a second."""

    statuses: tuple[StreamStatus, ...]
    """Of its streams."""
    stages: Mapping[str, StageTime]
    """Wall time of each stage so far."""
    use: ProcessUse
    """What it takes of the machine."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A line of the log."""

    logger: str
    """Name of the logger."""
    level: int
    """How grave it is, as `logging` counts."""
    text: str
    """The line."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event for a webhook."""

    webhook: int
    """Which of the settings' webhooks, from 0."""
    event: Event
    """What happened."""


@dataclass(frozen=True, slots=True)
class SheetMade:
    """A picture of the process's tiles lies in the memory that is shared."""

    slot: int
    """Where in it; nobody writes there until it is freed."""
    tick: int
    """When it is shown, in ticks of ``time_base``."""
    time_base: Fraction
    """Seconds per tick."""
    last: bool = False
    """Whether it only says how the streams ended: nobody makes a picture for that alone."""


@dataclass(frozen=True, slots=True)
class SheetsOver:
    """No more pictures of tiles come."""


@dataclass(frozen=True, slots=True)
class Done:
    """Everything is written; the last message."""

    summary: RunSummary
    """What the process did."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The run could not begin, or something that its streams share failed; the last message."""

    error: PosestreamError
    """Why."""


@dataclass(frozen=True, slots=True)
class Begin:
    """All processes are ready: open the streams."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Read no more, and finish every file."""


@dataclass(frozen=True, slots=True)
class Free:
    """A picture of tiles has been used."""

    slot: int
    """Where it lay."""


FromChild = Ready | Report | Logged | Happened | SheetMade | SheetsOver | Done | Failed
ToChild = Begin | Stop | Free

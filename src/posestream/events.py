"""What happened: a fall, a line crossed, a zone entered; and what people do all the while.

One kind of value for every stage of `analytics`, so that whoever sends, draws or records events
need not know where they come from.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

FALL, LONG_LIE, RECOVERED = "fall", "long_lie", "recovered"
"""Somebody fell; has been down for long since; is up again."""
ENTER, LEAVE, DWELL, CROSS = "enter", "leave", "dwell", "cross"
"""Somebody entered or left a zone; has been in it for long; crossed a line."""

EVENT_SCHEMA_VERSION = 1
"""Version of what `Event.to_dict` makes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Event:
    """Something that happened to one person of a stream.

    Raises:
        ValueError: If the kind is empty, a time is not finite or the confidence out of range.
    """

    stream: str
    """Name of the stream."""
    kind: str
    """What happened: `FALL`, `LONG_LIE`, `RECOVERED`, `ENTER`, `LEAVE`, `DWELL`, `CROSS`."""
    pts_s: float
    """Presentation time of the frame that settled it, seconds."""
    wall_s: float
    """When that frame was read, seconds since the Unix epoch."""
    track: int
    """Identity of the person within the stream."""
    confidence: float = 1.0
    """How sure it is, in [0, 1]."""
    evidence: Mapping[str, float] = field(default_factory=dict)
    """The measurements that led to it, by name; names end in their unit."""
    zone: str | None = None
    """Name of the zone or line; ``None`` where it has none."""
    direction: str | None = None
    """Which way a line was crossed, in the words of its settings."""

    def __post_init__(self) -> None:
        """Check what a receiver will rely on."""
        if not self.kind:
            raise ValueError("an event's kind must not be empty")
        if not (math.isfinite(self.pts_s) and math.isfinite(self.wall_s)):
            raise ValueError(f"event {self.kind!r}: times {self.pts_s}, {self.wall_s} not finite")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"event {self.kind!r}: confidence {self.confidence} not in [0, 1]")

    def to_dict(self) -> dict[str, object]:
        """Return the event as plain JSON values; measurements that are not finite are left out."""
        given: dict[str, object] = {
            "schema": EVENT_SCHEMA_VERSION,
            "stream": self.stream,
            "event": self.kind,
            "pts_s": round(self.pts_s, 6),
            "wall_s": round(self.wall_s, 3),
            "id": self.track if self.track >= 0 else None,
            "confidence": round(self.confidence, 4),
        }
        if self.zone is not None:
            given["zone"] = self.zone
        if self.direction is not None:
            given["direction"] = self.direction
        given["evidence"] = {
            name: round(float(value), 4)
            for name, value in self.evidence.items()
            if math.isfinite(value)
        }
        return given


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ActivitySegment:
    """One person doing one thing for a while."""

    stream: str
    """Name of the stream."""
    track: int
    """Identity of the person within the stream."""
    activity: str
    """What they do, such as ``walking``."""
    start_s: float
    """Presentation time when it began, seconds."""
    end_s: float
    """Presentation time when it ended, or of the last frame so far, seconds."""
    confidence: float
    """How much of what single frames say agrees, in [0, 1]."""

    def to_dict(self) -> dict[str, object]:
        """Return the segment as plain JSON values."""
        return {
            "schema": EVENT_SCHEMA_VERSION,
            "stream": self.stream,
            "activity": self.activity,
            "start_s": round(self.start_s, 6),
            "end_s": round(self.end_s, 6),
            "id": self.track if self.track >= 0 else None,
            "confidence": round(self.confidence, 4),
        }

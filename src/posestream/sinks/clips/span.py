"""From when to when a clip goes."""

from __future__ import annotations

from collections.abc import Sequence

from posestream.events import Event


class ClipSpan:
    """The time a clip covers; events that come soon enough make it longer.

    Args:
        event: What the clip is about.
        before_s: Seconds before an event that belong to its clip.
        after_s: Seconds after it.
        longest_s: The clip's length at most, seconds.
        start_s: Where it begins; by default before the event.
    """

    def __init__(
        self,
        event: Event,
        *,
        before_s: float,
        after_s: float,
        longest_s: float,
        start_s: float | None = None,
    ) -> None:
        self._before_s = before_s
        self._after_s = after_s
        self._longest_s = longest_s
        self.start_s = event.pts_s - before_s if start_s is None else start_s
        self._limit_s = self.start_s + longest_s
        self._events: list[Event] = [event]

    @property
    def events(self) -> Sequence[Event]:
        """What happens in it, in order."""
        return tuple(self._events)

    @property
    def end_s(self) -> float:
        """Where it ends, as far as is known."""
        return min(self._wanted_end_s, self._limit_s)

    @property
    def settled_s(self) -> float:
        """When no event can make it longer any more."""
        at_limit = self._wanted_end_s >= self._limit_s
        return self.end_s if at_limit else self.end_s + self._before_s

    def takes(self, event: Event) -> bool:
        """Tell whether an event's own clip would overlap this one, and its moment has room."""
        return event.pts_s - self._before_s <= self.end_s and event.pts_s <= self._limit_s

    def add(self, event: Event) -> None:
        """Make room for an event that it `takes`."""
        self._events.append(event)

    def rest(self) -> ClipSpan | None:
        """Return the span of the clip that goes on where this one had to end, if one must."""
        late = [event for event in self._events if event.pts_s + self._after_s > self._limit_s]
        if not late:
            return None
        rest = ClipSpan(
            late[0],
            before_s=self._before_s,
            after_s=self._after_s,
            longest_s=self._longest_s,
            start_s=self._limit_s,
        )
        rest._events.extend(late[1:])
        return rest

    @property
    def _wanted_end_s(self) -> float:
        return max(event.pts_s for event in self._events) + self._after_s

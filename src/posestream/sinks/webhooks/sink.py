"""Hand a stream's events to webhooks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from posestream.events import Event
from posestream.types import Result


class Sender(Protocol):
    """Sends events somewhere, in its own time."""

    def offer(self, event: Event) -> None:
        """Take an event and return at once."""
        ...


class WebhookSink:
    """Offers a stream's events to a sender, which other streams may share.

    Args:
        sender: Outlives the sink; whoever made it closes it.
        kinds: Kinds of events that are sent; all of them where it is empty.
    """

    def __init__(self, sender: Sender, *, kinds: Collection[str] = ()) -> None:
        self._sender = sender
        self._kinds = frozenset(kinds)

    def write(self, result: Result) -> None:
        """Offer what a frame settled; never waits."""
        for event in result.events:
            if not self._kinds or event.kind in self._kinds:
                self._sender.offer(event)

    def close(self) -> None:
        """Do nothing: the sender may have more to send."""

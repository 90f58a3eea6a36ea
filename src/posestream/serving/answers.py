"""What the status server says about streams, as plain JSON values without secrets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from posestream.credentials import redacted
from posestream.runtime.status import StreamState, StreamStatus


def cleaned(value: object) -> object:
    """Return JSON values with secrets hidden in every text, and what JSON cannot say as null.

    Statuses come without secrets; this is for the message that somebody forgets.
    """
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(inner) for inner in value]
    return value


def described(statuses: Sequence[StreamStatus]) -> list[object]:
    """Return every stream's status."""
    return [cleaned(status.to_dict()) for status in statuses]


def readiness(statuses: Sequence[StreamStatus]) -> tuple[bool, dict[str, object]]:
    """Tell whether every stream that has not come to its end gives frames, and which do not.

    Returns:
        Whether all do, and the answer that says so.
    """
    waiting = [status for status in statuses if not _fine(status.state)]
    answer: dict[str, object] = {
        "ready": not waiting,
        "streams": {
            redacted(status.name): {"state": status.state.value, "error": cleaned(status.error)}
            for status in waiting
        },
    }
    return not waiting, answer


def _fine(state: StreamState) -> bool:
    return state is StreamState.RUNNING or state.final

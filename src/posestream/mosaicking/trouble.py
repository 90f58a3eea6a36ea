"""Why a stream has no pictures, in the few words that fit into a tile."""

from __future__ import annotations

import math

from posestream.runtime.status import StreamState, StreamStatus

_WORDS = {
    StreamState.WAITING: "waiting",
    StreamState.CONNECTING: "connecting",
    StreamState.STOPPED: "stopped",
}


def trouble_of(status: StreamStatus) -> str | None:
    """Return what a mosaic says about a stream, or ``None`` if it has or had its pictures."""
    if status.state is StreamState.RETRYING:
        if status.retry_in_s is None:
            return "retrying"
        return f"retrying in {math.ceil(max(status.retry_in_s, 0.0))} s"
    if status.state is StreamState.FAILED:
        return f"failed: {status.error}" if status.error else "failed"
    return _WORDS.get(status.state)

"""``events.jsonl``: one JSON object per event and line."""

from __future__ import annotations

import json
from pathlib import Path

from posestream.events import Event
from posestream.sinks.records import RecordFile
from posestream.types import Result

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class EventLinesSink:
    """Writes each event as one line of JSON, described by ``events.schema.json`` beside this file.

    The file ends on a whole line at any moment, also when the process is killed or the disk is
    full. Where nothing happens it stays empty.

    Args:
        path: File to make.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputExistsError: If the file exists and may not be replaced.
        SinkError: If it cannot be made.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self._file = RecordFile(path, overwrite=overwrite)

    def write(self, result: Result) -> None:
        """Write what a frame settled, each event as one line.

        Raises:
            SinkError: If it cannot be written; lines written before stay as they are.
        """
        for event in result.events:
            self._file.append(event_json(event) + b"\n")

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()


def event_json(event: Event) -> bytes:
    """Return an event as a line of ``events.jsonl`` without its line feed."""
    return _ENCODER.encode(event.to_dict()).encode()

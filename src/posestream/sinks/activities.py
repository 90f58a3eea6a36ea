"""``activities.jsonl``: who did what from when to when, one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from posestream.events import ActivitySegment
from posestream.sinks.records import RecordFile
from posestream.types import Result

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class ActivityLinesSink:
    """Writes each segment as one line when it has ended; the file ends on a whole line.

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
        """Write the segments that a frame ended.

        Raises:
            SinkError: If they cannot be written; lines written before stay as they are.
        """
        self.write_segments(result.activities)

    def write_segments(self, segments: Iterable[ActivitySegment]) -> None:
        """Write segments.

        Raises:
            SinkError: If they cannot be written; lines written before stay as they are.
        """
        for segment in segments:
            self._file.append(_ENCODER.encode(segment.to_dict()).encode() + b"\n")

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

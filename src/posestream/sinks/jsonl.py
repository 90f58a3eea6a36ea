"""``poses.jsonl``: one JSON object per frame and line."""

from __future__ import annotations

import json
from pathlib import Path

from posestream.sinks.json_people import people_json
from posestream.sinks.records import RecordFile
from posestream.types import Result

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class JsonLinesSink:
    """Writes each frame as one line of JSON, described by ``poses.schema.json`` beside this file.

    The file ends on a whole line at any moment, also when the process is killed or the disk is
    full.

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
        """Write one frame as one line.

        Raises:
            SinkError: If it cannot be written; lines written before stay as they are.
        """
        self._file.append(json_line(result))

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()


def json_line(result: Result) -> bytes:
    """Return a frame as its line of ``poses.jsonl``, line feed included."""
    # Compiled code knows only what poses and tracks say of people.
    more = bool(result.attributes) or result.movements is not None
    people = people_json(result) if not more else None
    if people is None:
        return _ENCODER.encode(result.to_dict()).encode() + b"\n"
    return b'%b,"people":[%b]}\n' % (_ENCODER.encode(result.head())[:-1].encode(), people)

"""CSV, which opens in a spreadsheet."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from posestream.sinks.records import RecordFile
from posestream.sinks.table import column_names, numbers
from posestream.types import Result

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class CsvSink:
    """Writes one row per person and frame: who, when, box, then x, y, score of every keypoint.

    What was not found is an empty cell, and so is ``id`` while nobody tracks; a frame without
    people leaves no row. Comma-separated, UTF-8, lines end in CR LF (RFC 4180). Names that a
    spreadsheet would run as a formula get a leading apostrophe. The file ends on a whole row at
    any moment.

    Args:
        path: File to make.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputExistsError: If the file exists and may not be replaced.
        SinkError: If it cannot be made.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self._file = RecordFile(path, overwrite=overwrite)
        self._has_header = False

    def write(self, result: Result) -> None:
        """Write everyone in a frame.

        Raises:
            SinkError: If it cannot be written.
        """
        rows: list[list[object]] = []
        if not self._has_header:
            rows.append([*column_names(result.topology)])
        names = [harmless(result.stream), harmless(result.file or "")]
        for identity, row in zip(result.tracks.ids.tolist(), numbers(result).tolist(), strict=True):
            who = identity if identity >= 0 else ""
            cells = ["" if math.isnan(number) else number for number in row]
            rows.append([*names, result.frame, round(result.pts_s, 6), who, *cells])
        if rows:
            text = io.StringIO(newline="")
            csv.writer(text).writerows(rows)
            self._file.append(text.getvalue().encode("utf-8", "backslashreplace"))
            self._has_header = True

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()


def harmless(name: str) -> str:
    """Return a name that no spreadsheet runs as a formula."""
    return f"'{name}" if name.startswith(_FORMULA_STARTS) else name

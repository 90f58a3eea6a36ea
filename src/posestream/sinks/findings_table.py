"""What secondary models found, as a table that opens in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.sinks.csv_table import harmless
from posestream.sinks.records import RecordFile
from posestream.sinks.table import BOX_COLUMNS
from posestream.types import Result

_COLUMNS = ("stream", "file", "frame", "pts_s", "model", "kind", "label", "score", *BOX_COLUMNS)
_PERSON_COLUMNS = ("person", "id")


class FindingsCsvSink:
    """Writes one row per finding: an object, a person's attribute, or an attribute of the frame.

    ``kind`` is ``object``, ``person`` or ``frame``. ``person`` is the person's place in the frame,
    surest first, and ``id`` the identity; both are empty where a finding is nobody's. The box is
    the object's or the person's. Otherwise as `CsvSink`.

    Args:
        path: File to make.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputExistsError: If the file exists and may not be replaced.
        SinkError: If it cannot be made.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self._file = RecordFile(path, overwrite=overwrite)
        self._write([[*_COLUMNS, *_PERSON_COLUMNS]])

    def write(self, result: Result) -> None:
        """Write everything that secondary models found in a frame.

        Raises:
            SinkError: If it cannot be written.
        """
        names = [harmless(result.stream), harmless(result.file or "")]
        when = [result.frame, round(result.pts_s, 6)]
        rows = [[*names, *when, *row] for row in _rows(result)]
        if rows:
            self._write(rows)

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()

    def _write(self, rows: list[list[object]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        self._file.append(text.getvalue().encode("utf-8", "backslashreplace"))


def _rows(result: Result) -> Iterator[list[object]]:
    """Yield the columns from ``model`` on."""
    ids = result.tracks.ids.tolist()
    for model, found in result.objects.items():
        cells = zip(found.labels, found.scores.tolist(), found.people.tolist(), strict=True)
        for (label, score, person), box in zip(cells, _boxes(found.boxes), strict=True):
            who = _who(person, ids)
            yield [harmless(model), "object", harmless(label), round(score, 4), *box, *who]
    boxes = _boxes(result.poses.boxes)
    for model, given in result.attributes.items():
        for person, (label, score) in enumerate(
            zip(given.labels, given.scores.tolist(), strict=True)
        ):
            if label is not None:
                box, who = boxes[person], _who(person, ids)
                yield [harmless(model), "person", harmless(label), round(score, 4), *box, *who]
    for model, given in result.findings.frame_attributes.items():
        for label, score in zip(given.labels, given.scores.tolist(), strict=True):
            if label is not None:
                empty = [""] * (len(BOX_COLUMNS) + len(_PERSON_COLUMNS))
                yield [harmless(model), "frame", harmless(label), round(score, 4), *empty]


def _who(person: int, ids: list[int]) -> list[object]:
    """Return a person's place and identity; empty cells where there is none."""
    if person < 0:
        return ["", ""]
    return [person, ids[person] if ids[person] >= 0 else ""]


def _boxes(boxes: npt.NDArray[np.float32]) -> list[list[object]]:
    rounded = boxes.astype(np.float64).round(2)
    return [["" if not np.isfinite(side) else side for side in row] for row in rounded.tolist()]

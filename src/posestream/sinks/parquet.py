"""Parquet, for large analyses."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from posestream.errors import MissingDependencyError, SinkError
from posestream.sinks.records import existing, make_folder, unwritable
from posestream.sinks.table import LEADING_COLUMNS, column_names, numbers
from posestream.topology import Topology
from posestream.types import Result

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_PER_PART = 20_000
_SECONDS_PER_PART = 10.0


class ParquetSink:
    """Writes the table of `CsvSink`, with nulls for what was not found.

    A Parquet file cannot be read before it is finished. While the run goes, its rows are therefore
    kept in finished parts in ``NAME.parquet.parts``, a new one every ten seconds or 20 000 rows;
    `close` joins them to ``NAME.parquet`` and deletes them. After a kill the folder of parts
    remains, which pandas, Polars, DuckDB and pyarrow read like one file; the last seconds are lost.

    Args:
        path: File to make.
        overwrite: Whether an existing file, or parts that a killed run left, may be replaced.

    Raises:
        MissingDependencyError: If pyarrow is not installed.
        OutputExistsError: If the file or its parts exist and may not be replaced.
        SinkError: If the folder of parts cannot be made.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        _need_pyarrow()
        self._path = path
        self._folder = path.with_name(f"{path.name}.parts")
        self._parts: list[Path] = []
        self._rows: list[_Rows] = []
        self._topology: Topology | None = None
        self._part_begun_s = time.monotonic()
        self._closed = False
        make_folder(path.parent)
        with _as_sink_error(path):
            if not overwrite and (path.exists() or self._folder.exists()):
                raise existing(path if path.exists() else self._folder)
            path.unlink(missing_ok=True)
            _delete_parts(self._folder)
            self._folder.mkdir()

    def write(self, result: Result) -> None:
        """Take everyone in a frame; they are on disk with the next part.

        Raises:
            SinkError: If a part cannot be written.
        """
        if self._closed:
            raise SinkError(f"{self._path}: is closed")
        self._topology = result.topology
        self._rows.append(_Rows(result))
        is_old = time.monotonic() - self._part_begun_s > _SECONDS_PER_PART
        if is_old or sum(map(len, self._rows)) >= _ROWS_PER_PART:
            self._finish_part()

    def close(self) -> None:
        """Join the parts to one file; may be called twice. A run without frames leaves none.

        Raises:
            SinkError: If it cannot be written; the parts then stay.
        """
        if self._closed:
            return
        self._closed = True
        if self._topology is not None:
            self._finish_part()
            self._join_parts()
        with _as_sink_error(self._folder):
            _delete_parts(self._folder)

    def _finish_part(self) -> None:
        import pyarrow.parquet as pq

        assert self._topology is not None
        part = self._folder / f"part-{len(self._parts):06}.parquet"
        unfinished = _hidden(part)
        with _as_sink_error(part):
            pq.write_table(_table(self._rows, self._topology), unfinished)
            os.replace(unfinished, part)
        self._parts.append(part)
        self._rows.clear()
        self._part_begun_s = time.monotonic()

    def _join_parts(self) -> None:
        import pyarrow.parquet as pq

        assert self._topology is not None
        unfinished = _hidden(self._folder / self._path.name)
        with _as_sink_error(self._path):
            with pq.ParquetWriter(unfinished, _schema(self._topology)) as writer:
                for part in self._parts:
                    writer.write_table(pq.read_table(part))
            os.replace(unfinished, self._path)


class _Rows:
    """What one frame adds to the table."""

    def __init__(self, result: Result) -> None:
        self.shared = (result.stream, result.file, result.frame, result.pts_s)
        self.ids: npt.NDArray[np.int64] = result.tracks.ids
        self.numbers: npt.NDArray[np.float32] = numbers(result).astype(np.float32)

    def __len__(self) -> int:
        return len(self.ids)


def _schema(topology: Topology) -> pa.Schema:
    import pyarrow as pa

    kinds: dict[str, Any] = {
        "stream": pa.string(),
        "file": pa.string(),
        "frame": pa.int64(),
        "pts_s": pa.float64(),
        "id": pa.int64(),
    }
    return pa.schema([(name, kinds.get(name, pa.float32())) for name in column_names(topology)])


def _table(rows: list[_Rows], topology: Topology) -> pa.Table:
    import pyarrow as pa

    schema = _schema(topology)
    counts = [len(frame) for frame in rows]
    shared = zip(*(frame.shared for frame in rows), strict=True) if rows else [()] * 4
    columns: list[Any] = [np.repeat(np.array(values, object), counts) for values in shared]
    ids = np.concatenate([np.zeros(0, np.int64), *(frame.ids for frame in rows)])
    columns.append(pa.array(ids, mask=ids < 0))
    width = len(schema) - LEADING_COLUMNS.index("score")
    values = np.concatenate([np.zeros((0, width), np.float32), *(f.numbers for f in rows)])
    columns += [pa.array(column, mask=np.isnan(column)) for column in values.T]
    arrays = [pa.array(c, type=f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _need_pyarrow() -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise MissingDependencyError(
            "formats: parquet needs pyarrow; run: pip install 'posestream[parquet]'"
        ) from None


def _hidden(path: Path) -> Path:
    """Name an unfinished file so that readers of the folder pass it over."""
    return path.with_name(f".{path.name}.unfinished")


def _delete_parts(folder: Path) -> None:
    """Delete a folder of parts, and nothing that is not one."""
    if folder.is_dir():
        for pattern in ("part-*.parquet", ".*.unfinished"):
            for file in folder.glob(pattern):
                file.unlink()
        folder.rmdir()


@contextlib.contextmanager
def _as_sink_error(path: Path) -> Iterator[None]:
    try:
        yield
    except SinkError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error

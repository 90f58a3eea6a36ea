"""Files that hold whole records at any moment, whatever happens to the process that writes them."""

from __future__ import annotations

import os
from pathlib import Path

from posestream.errors import OutputExistsError, SinkError


class RecordFile:
    """A file that grows by whole records.

    Each record is handed to the system in one write and nothing is buffered here, so a killed
    process loses no record and the file ends on a whole one. (A kill within the microseconds of
    that very write may cut it: Linux then stops at a page's end, and no program can prevent it.)
    A write that fails, on a full disk say, is taken back.

    Args:
        path: File to make; missing folders above it are made too.
        overwrite: Whether an existing file may be replaced.
        head: What the file begins with.
        tail: What the file ends with at any moment; records go in before it.

    Raises:
        OutputExistsError: If the file exists and may not be replaced.
        SinkError: If it cannot be made.
    """

    def __init__(
        self, path: Path, *, overwrite: bool = False, head: bytes = b"", tail: bytes = b""
    ) -> None:
        self.path = path
        self._tail = tail
        self._end = 0
        fresh = os.O_TRUNC if overwrite else os.O_EXCL
        make_folder(path.parent)
        try:
            self._file: int | None = os.open(
                path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | fresh, 0o666
            )
        except FileExistsError as error:
            raise existing(path) from error
        except OSError as error:
            raise unwritable(path, error) from error
        if head or tail:
            self.append(head)

    def append(self, record: bytes) -> None:
        """Add a record before the tail.

        Raises:
            SinkError: If it cannot be written; the file then holds what it held before.
        """
        if self._file is None:
            raise SinkError(f"{self.path}: is closed")
        try:
            if self._tail:
                os.lseek(self._file, self._end, os.SEEK_SET)
            _write(self._file, record + self._tail)
        except OSError as error:
            self._take_back(self._file)
            raise unwritable(self.path, error) from error
        self._end += len(record)

    def close(self) -> None:
        """Close the file; may be called twice."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError as error:  # some network file systems report a full disk only here
                raise unwritable(self.path, error) from error

    def _take_back(self, file: int) -> None:
        try:
            os.ftruncate(file, self._end)
            os.lseek(file, self._end, os.SEEK_SET)
            _write(file, self._tail)
        except OSError as error:
            raise unwritable(self.path, error) from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises:
        SinkError: If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(folder, error) from error


def existing(path: Path) -> OutputExistsError:
    """Say that an output exists and that it may be replaced on request."""
    return OutputExistsError(f"{path}: exists; pass --overwrite (overwrite=True) to replace it")


def unwritable(path: Path, error: OSError) -> SinkError:
    """Say which output cannot be written, and why."""
    return SinkError(f"{path}: cannot be written: {error.strerror or error}")


def _write(file: int, data: bytes) -> None:
    """Write all of it; the system may take less at a time, then the next try says why."""
    while data:
        data = data[os.write(file, data) :]

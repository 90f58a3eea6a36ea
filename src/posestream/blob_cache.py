"""Compiled networks on disk, so that the second start is fast.

The cache only ever saves time: an unwritable folder, a full disk or a damaged file costs a new
compilation and nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

_DIGEST_BYTES = hashlib.sha256().digest_size
_SUFFIX = ".blob"
_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return where compiled networks are kept.

    ``POSESTREAM_CACHE_DIR`` if that is set; else the folder for caches of the operating system.
    """
    if chosen := os.environ.get("POSESTREAM_CACHE_DIR"):
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "posestream"


def blob_key(parts: Mapping[str, object]) -> str:
    """Return the name of a blob that depends on all ``parts``, which are plain JSON values."""
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class BlobCache:
    """A folder of blobs by key; several threads and processes may share it."""

    def __init__(self, folder: Path, *, limit_bytes: int = 256 << 20) -> None:
        """Use a folder, which is made when something is stored.

        Args:
            folder: Where the files are.
            limit_bytes: Size above which the least recently used files are removed.
        """
        self._folder = folder
        self._limit_bytes = limit_bytes

    def load(self, key: str) -> bytes | None:
        """Return a blob exactly as it was stored, or None if it is missing or damaged."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, blob = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(blob).digest() != digest:
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return blob

    def store(self, key: str, blob: bytes) -> None:
        """Keep a blob if the disk allows."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self._path(key), hashlib.sha256(blob).digest() + blob)
            self._remove_oldest()
        except OSError as error:
            _log.info("compiled networks are not kept: %s", error)

    def _path(self, key: str) -> Path:
        return self._folder / (key + _SUFFIX)

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file that appears whole or not at all."""
        handle, name = tempfile.mkstemp(dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(name, path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _remove_oldest(self) -> None:
        files = [(file.stat(), file) for file in self._folder.glob("*" + _SUFFIX)]
        total = sum(stat.st_size for stat, _ in files)
        for stat, file in sorted(files, key=lambda entry: entry[0].st_mtime):
            if total <= self._limit_bytes:
                return
            file.unlink(missing_ok=True)
            total -= stat.st_size

"""``events.unsent.jsonl``: the events that a webhook could not deliver."""

from __future__ import annotations

import json
import logging
import threading
from pathlib import Path

from posestream.errors import SinkError
from posestream.sinks.records import RecordFile

_log = logging.getLogger("posestream.webhooks")


class UnsentEvents:
    """Keeps what could not be sent, one line of JSON each; safe to use from any thread.

    The file is made when there is something to keep. Where it cannot be written, the event goes
    to the log.

    Args:
        path: File to make.
        overwrite: Whether an existing file may be replaced.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.path = path
        self._overwrite = overwrite
        self._lock = threading.Lock()
        self._file: RecordFile | None = None

    def add(self, event: bytes, *, webhook: str, reason: str, attempts: int) -> None:
        """Keep an event.

        Args:
            event: Its line of ``events.jsonl``, without the line feed.
            webhook: Where it should have gone, fit to be shown.
            reason: Why it did not.
            attempts: How often that was tried.
        """
        head = {"webhook": webhook, "reason": reason, "attempts": attempts}
        line = json.dumps(head, separators=(",", ":"))[:-1].encode() + b',"event":' + event + b"}\n"
        with self._lock:
            try:
                if self._file is None:
                    self._file = RecordFile(self.path, overwrite=self._overwrite)
                self._file.append(line)
            except SinkError as error:
                _log.error("an event was neither sent nor kept (%s): %s", error, event.decode())

    def close(self) -> None:
        """Close the file; may be called twice."""
        with self._lock:
            if self._file is not None:
                self._file.close()

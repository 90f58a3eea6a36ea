"""Python values through a pair of pipes."""

from __future__ import annotations

import pickle
import threading
from typing import Any, BinaryIO


class Channel:
    """One end of a connection between a process and the one that started it.

    Args:
        reader: What the other end writes; read by one thread at a time.
        writer: What the other end reads.
    """

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader, self._writer = reader, writer
        self._lock = threading.Lock()

    def send(self, message: object) -> bool:
        """Send a value from any thread; return whether the other end is still there."""
        data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        try:
            with self._lock:
                self._writer.write(data)
                self._writer.flush()
        except (OSError, ValueError):  # a broken pipe; a closed one
            return False
        return True

    def receive(self) -> Any:
        """Wait for the next value; None once the other end is gone."""
        try:
            return pickle.load(self._reader)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # also midway
            return None

    def hang_up(self) -> None:
        """Close the pipe that is written to, which is how the other end sees that we are gone."""
        try:
            self._writer.close()
        except OSError:  # what was left in the buffer finds nobody
            return

    def close(self) -> None:
        """Hang up, and close the pipe that is read, which nobody may be doing; may be repeated."""
        self.hang_up()
        self._reader.close()

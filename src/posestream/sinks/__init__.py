"""Write frames and results to files."""

from __future__ import annotations

from typing import Protocol

from posestream.types import Frame, Result


class ResultSink(Protocol):
    """Writes what was found."""

    def write(self, result: Result) -> None:
        """Write one frame's result; results come in order.

        Raises:
            SinkError: If it cannot be written.
        """
        ...

    def close(self) -> None:
        """Finish the file so that ordinary tools open it; may be called twice."""
        ...


class FrameSink(Protocol):
    """Writes annotated pictures."""

    def write(self, frame: Frame) -> None:
        """Write one frame; frames come in order.

        Raises:
            SinkError: If it cannot be written.
        """
        ...

    def close(self) -> None:
        """Finish the file so that ordinary tools open it; may be called twice."""
        ...

"""One line on standard error for what takes a while, and lines above it for what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from posestream.errors import OutputExistsError


class StatusLine:
    """Moves while something is measured; for a ``with`` block.

    Args:
        quiet: Say nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._console = Console(stderr=True, quiet=quiet, soft_wrap=True)
        self._status = self._console.status("")

    def __enter__(self) -> StatusLine:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def update(self, text: str) -> None:
        """Show what takes a while now."""
        self._status.update(escape(text))

    def say(self, text: str) -> None:
        """Leave a line."""
        self._console.print(text, markup=False, highlight=False)


def refuse_existing(paths: Iterable[Path], *, overwrite: bool) -> None:
    """Refuse what could not be written in the end, before minutes are spent measuring.

    Raises:
        OutputExistsError: If a file exists and may not be replaced.
    """
    for path in paths:
        if path.exists() and not overwrite:
            raise OutputExistsError(f"{path}: exists already; give --overwrite to replace it")

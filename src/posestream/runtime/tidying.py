"""Give memory back while streams run for days."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Callable


class Tidier:
    """Collects garbage and returns free memory to the system, now and then.

    FFmpeg's frames are large, and a few of them hang in cycles of references after every opening
    of a source (PyAV's side data). Python looks for such cycles rarely where much has been loaded,
    and the C library keeps what threads have freed; so memory would creep up for hours.

    What is there at the first time stays uncollected from then on, so that every later time takes
    milliseconds; `close` undoes that.

    Args:
        every_s: Time between two times, seconds.
    """

    def __init__(self, *, every_s: float = 20.0) -> None:
        self._every_s = every_s
        self._next_s: float | None = None
        self._frozen = False
        self._trim = _trimmer()

    def tick(self, now_s: float) -> bool:
        """Tidy up if it is time; return whether it was.

        Args:
            now_s: Monotonic seconds.
        """
        if self._next_s is None:
            self._next_s = now_s + self._every_s
        if now_s < self._next_s:
            return False
        self._next_s = now_s + self._every_s
        gc.collect()
        if not self._frozen:
            gc.freeze()
            self._frozen = True
        self._trim()
        return True

    def close(self) -> None:
        """Let everything be collected again."""
        if self._frozen:
            gc.unfreeze()
            self._frozen = False


def _trimmer() -> Callable[[], object]:
    """Return what makes the C library give back free memory; nothing where it has no such thing."""
    if not sys.platform.startswith("linux"):
        return lambda: None
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return (lambda: trim(0)) if trim is not None else (lambda: None)

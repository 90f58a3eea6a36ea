"""Leave a process in which threads may still be inside libraries."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import sys
import threading
from typing import NoReturn


def leave(code: int | str | None = 0) -> NoReturn:
    """End the process, as `sys.exit` does, whatever daemon threads are doing.

    A source that hangs is left to its thread. Python ends such threads when it ends itself, and
    where one is inside a library in C++, such as a GPU's video decoder, that aborts the process.

    Args:
        code: As for `sys.exit`.
    """
    if not any(thread.daemon for thread in threading.enumerate()):
        sys.exit(code)
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
    atexit._run_exitfuncs()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more, or it is closed
            stream.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))

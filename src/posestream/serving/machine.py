"""What this process takes of the machine."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc/self")


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What the process takes at one moment; ``None`` where the system does not tell."""

    cpu_s: float
    """Processor time since its start, all threads, seconds."""
    resident_bytes: int | None = None
    """Main memory it occupies."""
    threads: int | None = None
    """Threads, also those of FFmpeg and of the networks."""
    open_files: int | None = None
    """Open files, sockets and pipes."""


def process_use() -> ProcessUse:
    """Measure this process; memory, threads and files are known on Linux only."""
    cpu_s = time.process_time()
    try:
        pages = int((_PROC / "statm").read_text(encoding="ascii").split()[1])
        threads = len(os.listdir(_PROC / "task"))
        open_files = len(os.listdir(_PROC / "fd"))
    except OSError:
        return ProcessUse(cpu_s, threads=threading.active_count())
    return ProcessUse(cpu_s, pages * os.sysconf("SC_PAGE_SIZE"), threads, open_files)

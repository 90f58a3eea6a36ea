import sys
import threading
from pathlib import Path

import pytest

from posestream.serving import machine
from posestream.serving.machine import process_use


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_knows_what_it_takes():
    before = process_use()
    block = bytearray(b"x" * 32_000_000)
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    after = process_use()
    stop.set()
    thread.join()
    assert after.cpu_s >= before.cpu_s
    assert before.resident_bytes is not None
    assert after.resident_bytes is not None
    assert after.resident_bytes - before.resident_bytes > len(block) // 2
    assert after.threads == (before.threads or 0) + 1
    assert after.open_files


def test_a_system_without_proc_tells_less(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(machine, "_PROC", tmp_path / "none")
    use = process_use()
    assert use.resident_bytes is None
    assert use.open_files is None
    assert use.threads is not None
    assert use.threads >= 1

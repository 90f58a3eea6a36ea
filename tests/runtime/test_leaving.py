import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys, threading, time
from posestream.runtime.leaving import leave
atexit.register(lambda: print("cleaned up", flush=True))
{thread}
print("written", end="")
leave({code})
"""
DAEMON = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"


@pytest.mark.parametrize("thread", ["", DAEMON], ids=["alone", "while a thread hangs"])
@pytest.mark.parametrize(
    ("code", "number", "said"), [("0", 0, ""), ("3", 3, ""), ("None", 0, ""), ("'why'", 1, "why\n")]
)
def test_a_process_ends_with_its_code_and_everything_written(thread, code, number, said):
    program = PROGRAM.format(thread=thread, code=code)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (ended.returncode, ended.stderr) == (number, said)
    assert "written" in ended.stdout
    assert "cleaned up" in ended.stdout

"""Each test drives a window in a process of its own: Xlib ends those whose screen vanishes."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("tkinter")

SETUP = """
from fractions import Fraction
import numpy as np
from posestream.errors import SinkError
from posestream.images import HostImage
from posestream.sinks.window import WindowSink
from posestream.types import Frame

def frame(width, height):
    pixels = np.full((height, width, 3), (255, 0, 0), np.uint8)
    return Frame("test", 0, 0, Fraction(1, 25), HostImage.from_rgb(pixels), 0.0)
"""


def run(code: str, **environment: str) -> list[str]:
    """Run code in a process and return what it prints."""
    without_screen = {k: v for k, v in os.environ.items() if k not in {"DISPLAY"}}
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code],
        capture_output=True,
        text=True,
        env={**without_screen, **environment},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """The name of a virtual screen of 640 x 480."""
    if shutil.which("Xvfb") is None:
        pytest.skip("needs Xvfb")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "640x480x24"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        with os.fdopen(read) as pipe:
            number = pipe.readline().strip()
        yield f":{number}"
        server.terminate()


def test_a_large_frame_is_shrunk_to_the_screen(screen: str):
    code = """
sink = WindowSink("test", on_closed=lambda: None)
sink.write(frame(1920, 1080))
sink.pump()
print(sink._picture.width(), sink._picture.height(), sink._picture.get(256, 144)[0] > 250)
sink.close()
"""
    assert run(code, DISPLAY=screen) == ["512 288 True"]


def test_closing_the_window_asks_for_the_end_once_and_frames_go_on(screen: str):
    code = """
sink = WindowSink("test", on_closed=lambda: print("asked"))
sink.write(frame(64, 48))
sink.pump()
sink._root.focus_force()
sink._root.update()
sink._root.event_generate("<Escape>", when="tail")
print("not before")
sink.pump()
sink.write(frame(64, 48))
sink.pump()
sink.close()
sink.close()
"""
    assert run(code, DISPLAY=screen) == ["not before", "asked"]


def test_frames_of_other_threads_are_passed_over_until_the_screen_is_free(screen: str):
    code = """
import threading
sink = WindowSink("test", on_closed=lambda: None)
sink.pump()
def work():
    for width in (64, 80, 96):
        sink.write(frame(width, 48))
writer = threading.Thread(target=work)
writer.start()
writer.join()
sink.pump()
first = sink._picture
print(first.width())
sink.pump()
print(sink._picture is first)
sink.close()
"""
    assert run(code, DISPLAY=screen) == ["96", "True"]


def test_another_thread_may_close_the_window_and_the_next_pump_does_it(screen: str):
    code = """
import threading
sink = WindowSink("test", on_closed=lambda: print("asked"))
sink.write(frame(64, 48))
sink.pump()
closer = threading.Thread(target=sink.close)
closer.start()
closer.join()
print(sink._root is not None)
sink.pump()
print(sink._root is None)
sink.write(frame(64, 48))
sink.pump()
sink.close()
"""
    assert run(code, DISPLAY=screen) == ["True", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_no_screen_is_said_so():
    code = """
try:
    WindowSink("test", on_closed=lambda: None)
except SinkError as error:
    print(error)
"""
    [line] = run(code)
    assert line.startswith("show: no window can be opened: ")
    assert "display" in line

"""What happens in another process, and what is left when it goes wrong there."""

import os
import time

import pytest

from posestream.errors import InferenceError
from posestream.gpu_bench.apart import StoppedError, run_apart, run_here
from posestream.runtime.stopping import StopFlag


def doubled(tell, number: int) -> tuple[int, int]:
    tell(f"doubling {number}")
    return 2 * number, os.getpid()


def failing(tell) -> None:
    raise RuntimeError("CUDA error: out of memory\nand much advice")


def crashing(tell) -> None:
    os._exit(9)


def sleeping(tell) -> None:
    tell("awake")
    time.sleep(600)


def apart(task, *arguments, tell=lambda _: None, stop=None, timeout_s=120.0):
    return run_apart(task, *arguments, tell=tell, stop=stop or StopFlag(), timeout_s=timeout_s)


def test_a_value_comes_back_and_notes_before_it():
    told = []
    value, process = apart(doubled, 21, tell=told.append)
    assert (value, told) == (42, ["doubling 21"])
    assert process != os.getpid()


def test_an_error_over_there_is_one_here_in_a_line():
    with pytest.raises(InferenceError, match=r"^CUDA error: out of memory$"):
        apart(failing)


def test_a_process_that_dies_is_an_error():
    with pytest.raises(InferenceError, match="ended with code 9"):
        apart(crashing)


def test_what_takes_too_long_is_ended():
    with pytest.raises(InferenceError, match="took more than 1 s"):
        apart(sleeping, timeout_s=1.0)


def test_a_stop_ends_it_at_once():
    stop = StopFlag()
    with pytest.raises(StoppedError):
        apart(sleeping, tell=lambda _: stop.request(), stop=stop)


def test_here_is_the_same_without_a_process():
    told = []
    value = run_here(doubled, 4, tell=told.append, stop=StopFlag(), timeout_s=1.0)
    assert value == (8, os.getpid())
    assert told == ["doubling 4"]


def test_nothing_is_begun_once_it_is_stopped():
    stop = StopFlag()
    stop.request()
    with pytest.raises(StoppedError):
        run_here(doubled, 4, tell=print, stop=stop, timeout_s=1.0)

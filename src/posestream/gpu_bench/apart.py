"""Measure in a process of its own: what it took is given back, and what it broke stays there."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from posestream.errors import InferenceError, PosestreamError
from posestream.runtime.leaving import leave
from posestream.runtime.stopping import StopFlag

_LOOK_EVERY_S = 0.2
_ENDING_S = 10.0
_NOTE, _DONE, _FAILED = "note", "done", "failed"
Tell = Callable[[Any], None]
Task = Callable[..., Any]
"""Takes a `Tell` for what is known before the end, then its arguments; returns a value."""


class StoppedError(Exception):
    """Somebody asked for the end."""


def run_here(task: Task, *arguments: Any, tell: Tell, stop: StopFlag, timeout_s: float) -> Any:
    """Do a task in this process: for tests, and where nothing can break.

    Raises:
        StoppedError: If the end was asked for already.
        PosestreamError: What the task raised.
    """
    del timeout_s
    if stop.requested:
        raise StoppedError
    return task(tell, *arguments)


def run_apart(task: Task, *arguments: Any, tell: Tell, stop: StopFlag, timeout_s: float) -> Any:
    """Do a task in a process of its own.

    Args:
        task: A function of a module.
        *arguments: What it is given beside the function that tells; values that can be sent.
        tell: Told what the task tells.
        stop: Ends the process at once.
        timeout_s: How long it may take, seconds.

    Raises:
        StoppedError: If the end was asked for.
        InferenceError: If it failed, crashed or took too long.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_do, args=(theirs, task, arguments), name="posestream-bench")
    process.start()
    theirs.close()
    try:
        return _listen(ours, process, tell=tell, stop=stop, timeout_s=timeout_s)
    finally:
        _end(process)
        ours.close()


def _do(connection: Connection, task: Task, arguments: tuple[Any, ...]) -> None:
    """Do the task, over there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's goes to all; one process decides
    try:
        value = task(lambda note: connection.send((_NOTE, note)), *arguments)
    except (PosestreamError, RuntimeError, MemoryError, OSError) as error:
        # RuntimeError: torch's, of a GPU that is lost or full.
        text = (str(error).strip() or type(error).__name__).splitlines()[0]
        connection.send((_FAILED, text))
    else:
        connection.send((_DONE, value))
    connection.close()
    leave()


def _listen(
    connection: Connection, process: BaseProcess, *, tell: Tell, stop: StopFlag, timeout_s: float
) -> Any:
    until_s = time.monotonic() + timeout_s
    while True:
        if stop.requested:
            raise StoppedError
        if time.monotonic() > until_s:
            raise InferenceError(f"took more than {timeout_s:.0f} s")
        if not connection.poll(_LOOK_EVERY_S):
            continue
        try:
            kind, value = connection.recv()
        except EOFError:
            process.join(_ENDING_S)
            raise InferenceError(f"the process ended with code {process.exitcode}") from None
        if kind == _DONE:
            return value
        if kind == _FAILED:
            raise InferenceError(value)
        tell(value)


def _end(process: BaseProcess) -> None:
    """Let a process end, by force if need be: what it had to say has been said."""
    process.join(1.0)
    if process.is_alive():
        process.terminate()
        process.join(_ENDING_S)
    if process.is_alive():
        process.kill()
        process.join()

"""The engine in several processes: as many streams as Python's lock leaves none of them waiting.

One process carries about 150 streams of 30 frames a second. What limits it then is how often its
threads hand Python's lock to each other, not a GPU. Processes share nothing but the GPU, which
runs them in turns; each has a context and networks of its own in its memory.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from posestream.errors import InferenceError, PosestreamError
from posestream.gpu.engine import EngineStream, GpuEngine, Outcome
from posestream.gpu.packets import PacketSource
from posestream.gpu.process_messages import Add, Close, Ended, Failed, Found, Message, Ready, Stop

_log = logging.getLogger("posestream.gpu")
_TICK_S = 0.004
OpenSource = Callable[[], PacketSource]
MakeEngine = Callable[[], GpuEngine]


class _Worker:
    """What runs in a process of its own."""

    def __init__(self, connection: Connection, engine: GpuEngine) -> None:
        self._connection, self._engine = connection, engine
        self._found: list[Outcome] = []
        self._lock = threading.Lock()
        self._streams: dict[str, EngineStream] = {}
        self._closing = False
        self._sender = threading.Thread(target=self._send, name="send", daemon=True)
        self._sender.start()

    def run(self) -> None:
        """Do as the parent says, until it says to close, or is gone."""
        try:
            while not isinstance(message := self._connection.recv(), Close):
                self._obey(message)
        except EOFError:
            pass
        self._engine.close()
        self._closing = True
        self._sender.join()

    def _obey(self, message: Message) -> None:
        if isinstance(message, Add):
            try:
                stream = self._engine.add(
                    message.name,
                    message.open_source(),
                    self._take,
                    ahead=message.ahead,
                    live=message.live,
                )
            except PosestreamError as error:
                self._connection.send(Ended(message.name, error=error))
                return
            self._streams[message.name] = stream
        elif isinstance(message, Stop) and message.name in self._streams:
            self._streams[message.name].stop()

    def _take(self, outcome: Outcome) -> None:
        with self._lock:
            self._found.append(outcome)

    def _send(self) -> None:
        """Send what was found, a few times in a hundredth of a second, and which streams ended."""
        closing = False
        while not closing:
            closing = self._closing
            time.sleep(_TICK_S)
            over = [name for name, stream in self._streams.items() if stream.finished.is_set()]
            with self._lock:
                found, self._found = self._found, []
            try:
                if found:
                    self._connection.send(Found(found))
                for name in over:
                    stream = self._streams.pop(name)
                    self._engine.streams.pop(name, None)
                    self._connection.send(Ended(name, stream.error, stream.dropped, stream.corrupt))
            except (BrokenPipeError, ConnectionResetError):
                return


def _main(connection: Connection, make_engine: MakeEngine) -> None:
    try:
        engine = make_engine()
    except PosestreamError as error:
        connection.send(Failed(error))
        return
    connection.send(Ready())
    _Worker(connection, engine).run()


class ProcessStream:
    """One stream of a process; made by `EngineProcesses.add`.

    Attributes:
        name: Name of the stream.
        delivered: Frames whose people were found so far.
        dropped: Frames and packets left out; known at the end.
        corrupt: Packets that yielded no picture; known at the end.
        error: Why it ended early; None if it did not.
    """

    def __init__(self, name: str, on_outcome: Callable[[Outcome], None], seat: _Seat) -> None:
        self.name, self.seat = name, seat
        self.delivered = self.dropped = self.corrupt = 0
        self.error: Exception | None = None
        self.finished = threading.Event()
        self._on_outcome = on_outcome

    def outcome(self, outcome: Outcome) -> None:
        """Pass a frame's people on."""
        self.delivered += 1
        self._on_outcome(outcome)

    def end(self, message: Ended) -> None:
        """Note the end."""
        self.error, self.dropped, self.corrupt = message.error, message.dropped, message.corrupt
        self.finished.set()


class _Seat:
    """A process as its parent sees it."""

    def __init__(self, context: Any, make_engine: MakeEngine, place: int) -> None:
        self.streams: dict[str, ProcessStream] = {}
        self.ready = threading.Event()
        self.error: Exception | None = None
        self._connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_main, args=(theirs, make_engine), name=f"posestream-gpu-{place}", daemon=True
        )
        self.process.start()
        theirs.close()
        self._sending = threading.Lock()
        self.reader = threading.Thread(target=self._read, name=f"from-{place}", daemon=True)
        self.reader.start()

    def send(self, message: Message) -> None:
        try:
            with self._sending:
                self._connection.send(message)
        except (BrokenPipeError, ConnectionResetError, OSError):
            _log.debug("%s is gone", self.process.name)

    def _read(self) -> None:
        try:
            while True:
                self._take(self._connection.recv())
        except (EOFError, OSError):
            self.error = self.error or InferenceError(f"{self.process.name} ended")
        self.ready.set()
        for stream in list(self.streams.values()):
            if not stream.finished.is_set():
                stream.end(Ended(stream.name, error=self.error))

    def _take(self, message: Message) -> None:
        if isinstance(message, Found):
            for outcome in message.outcomes:
                if outcome.stream in self.streams:
                    self.streams[outcome.stream].outcome(outcome)
        elif isinstance(message, Ended):
            self.streams[message.name].end(message)
        elif isinstance(message, Failed):
            self.error = message.error
        elif isinstance(message, Ready):
            self.ready.set()


class EngineProcesses:
    """The same engine in several processes; streams go to the one that has the fewest.

    Args:
        make_engine: Makes an engine; called in each process, so it must be importable from there,
            as a function of a module or a `functools.partial` of one is.
        count: Processes.

    Raises:
        InferenceError: If a process ends before its engine is ready; or what its engine raised.
    """

    def __init__(self, make_engine: MakeEngine, *, count: int = 2) -> None:
        context = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
        self._seats = [_Seat(context, make_engine, place) for place in range(count)]
        self.streams: dict[str, ProcessStream] = {}
        for seat in self._seats:
            seat.ready.wait()
            if seat.error is not None:
                self.close()
                raise seat.error

    def add(
        self,
        name: str,
        open_source: OpenSource,
        on_outcome: Callable[[Outcome], None],
        *,
        ahead: int = 2,
        live: bool = False,
    ) -> ProcessStream:
        """Begin a stream.

        Args:
            name: Unlike any other's.
            open_source: Opens its packets; called in the process, like ``make_engine``.
            on_outcome: Called with every frame's people, in order, never twice at once.
            ahead: See `GpuEngine.add`.
            live: See `GpuEngine.add`.

        Raises:
            ValueError: If a stream has that name already.
        """
        if name in self.streams:
            raise ValueError(f"stream {name!r} is there already")
        seat = min(self._seats, key=lambda one: sum(s.seat is one for s in self.streams.values()))
        stream = self.streams[name] = ProcessStream(name, on_outcome, seat)
        seat.streams[name] = stream
        seat.send(Add(name, open_source, ahead, live))
        return stream

    def stop(self, name: str) -> None:
        """Let a stream read no more; what is on its way still comes out.

        Raises:
            KeyError: If there is no such stream.
        """
        self.streams[name].seat.send(Stop(name))

    def remove(self, name: str, *, timeout_s: float | None = None) -> ProcessStream:
        """Stop a stream, wait for what is on its way, and forget it.

        Raises:
            KeyError: If there is no such stream.
        """
        self.stop(name)
        stream = self.streams[name]
        stream.finished.wait(timeout_s)
        del stream.seat.streams[name]
        return self.streams.pop(name)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until every stream has ended; return whether that is so."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        for stream in list(self.streams.values()):
            left_s = None if deadline_s is None else max(0.0, deadline_s - time.monotonic())
            if not stream.finished.wait(left_s):
                return False
        return True

    def close(self) -> None:
        """Stop every stream, finish what is on its way, and end the processes."""
        for seat in self._seats:
            seat.send(Close())
        for seat in self._seats:
            seat.process.join(15.0)
            if seat.process.is_alive():
                seat.process.terminate()
            seat.reader.join(5.0)

"""Ways to run the same work over and over, on batches of a few sizes."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, Protocol

from posestream.gpu.libraries import import_torch
from posestream.gpu.recording import TRAFFIC

Work = Callable[[int], None]
"""Enqueues all that a batch of a size needs, reading and writing memory that stays in place."""
_WARM_UPS = 2
_ATTEMPTS = 3


class Launcher(Protocol):
    """Runs one batch at a time: `launch`, `wait`, then again; any thread may call."""

    def within(self) -> AbstractContextManager[None]:
        """Return where memory is set aside and work enqueued."""
        ...

    def prepare(self, work: Work, sizes: Sequence[int]) -> None:
        """Take in the work and do once what its first run of each size would need besides.

        May be called again for more sizes, while nothing is under way.
        """
        ...

    def launch(self, batch: int) -> None:
        """Start the work on a batch of a size; returns at once where there is a GPU."""
        ...

    def wait(self) -> None:
        """Wait until what was launched has finished."""
        ...


class GraphLauncher:
    """Records the work as a CUDA graph for each size, which the host starts with one call.

    Args:
        device: Index of the GPU.
    """

    def __init__(self, device: int) -> None:
        self._stream = _Stream(device)
        self._graphs: dict[int, Any] = {}
        self._pool = import_torch().cuda.graph_pool_handle()

    def within(self) -> AbstractContextManager[None]:
        """Return where memory is set aside and work enqueued."""
        return self._stream.within()

    def prepare(self, work: Work, sizes: Sequence[int]) -> None:
        """Run the work on each size a few times, then record it."""
        for size in sorted(sizes, reverse=True):  # the others fit into the largest one's memory
            for _ in range(_WARM_UPS):
                work(size)
            self._stream.stream.synchronize()
            graph = self._recorded(work, size)
            self._graphs[size] = graph

    def _recorded(self, work: Work, size: int) -> Any:
        """Record the work; what breaks a recording from outside may not break the next one."""
        torch = import_torch()
        for attempt in range(_ATTEMPTS):
            graph = torch.cuda.CUDAGraph()
            try:
                with TRAFFIC.alone, _recording(graph, self._pool):
                    work(size)
                return graph
            except RuntimeError as error:
                full = isinstance(error, torch.OutOfMemoryError)
                if attempt == (1 if full else _ATTEMPTS - 1):
                    raise
                self._pool = torch.cuda.graph_pool_handle()  # the other one is in an unknown state
                if full:  # what was kept for later cannot be given back during a recording
                    torch.cuda.empty_cache()
        raise AssertionError

    def launch(self, batch: int) -> None:
        """Start the graph of a size."""
        with self.within():
            self._graphs[batch].replay()
            self._stream.finished.record()

    def wait(self) -> None:
        """Wait until what was launched has finished."""
        self._stream.finished.synchronize()


class StreamLauncher:
    """Enqueues the work anew each time, for work that cannot be recorded.

    Args:
        device: Index of the GPU.
    """

    def __init__(self, device: int) -> None:
        self._stream = _Stream(device)

    def within(self) -> AbstractContextManager[None]:
        """Return where memory is set aside and work enqueued."""
        return self._stream.within()

    def prepare(self, work: Work, sizes: Sequence[int]) -> None:
        """Run the work once on each size, so that nothing is built or set aside later."""
        self._work = work
        for size in sorted(sizes, reverse=True):
            work(size)
        self._stream.stream.synchronize()

    def launch(self, batch: int) -> None:
        """Enqueue the work on a batch of a size."""
        with self.within():
            self._work(batch)
            self._stream.finished.record()

    def wait(self) -> None:
        """Wait until what was launched has finished."""
        self._stream.finished.synchronize()


class HostLauncher:
    """Does the work at once, in main memory: the same steps where there is no GPU."""

    def within(self) -> AbstractContextManager[None]:
        """Return where memory is set aside and work done."""
        return import_torch().inference_mode()

    def prepare(self, work: Work, sizes: Sequence[int]) -> None:
        """Run the work once on each size, for parts of it may set memory aside then."""
        self._work = work
        for size in sizes:
            work(size)

    def launch(self, batch: int) -> None:
        """Do the work on a batch of a size."""
        with self.within():
            self._work(batch)

    def wait(self) -> None:
        """Return: nothing is under way."""


def launcher_for(device: int | None, *, capturable: bool) -> Launcher:
    """Return what runs work on a device, as CUDA graphs if the work can be recorded.

    Args:
        device: Index of the GPU; None for main memory.
        capturable: Whether the work may be part of a CUDA graph.
    """
    if device is None:
        return HostLauncher()
    return GraphLauncher(device) if capturable else StreamLauncher(device)


class _Stream:
    """A CUDA stream of its own, and the event that says it has done all it was given."""

    def __init__(self, device: int) -> None:
        torch = import_torch()
        with torch.cuda.device(device):
            self.stream = torch.cuda.Stream()
            self.finished = torch.cuda.Event(blocking=True)
            self.stream.wait_stream(torch.cuda.current_stream())  # weights may still be on the way

    @contextmanager
    def within(self) -> Iterator[None]:
        torch = import_torch()
        with torch.inference_mode(), torch.cuda.stream(self.stream):
            yield


@contextmanager
def _recording(graph: Any, pool: Any) -> Iterator[None]:
    """Record what is enqueued on the current stream.

    As `torch.cuda.graph` does, which besides waits for the whole GPU, collects garbage and gives
    memory back: a tenth of a second in which nothing runs.
    """
    graph.capture_begin(pool=pool, capture_error_mode="thread_local")
    failed = True
    try:
        yield
        failed = False
    finally:
        with suppress(RuntimeError) if failed else nullcontext():  # the first error says more
            graph.capture_end()

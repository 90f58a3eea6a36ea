"""One GPU's lane: batches of decoded frames in, people out, in order."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence

from posestream.errors import InferenceError, PosestreamError
from posestream.gpu.batches import Batcher, DecodedFrame
from posestream.gpu.runner import Runner
from posestream.gpu.slots import Slot
from posestream.runtime.metrics import StageClock
from posestream.types import Poses

Deliver = Callable[[DecodedFrame, Poses | None, Exception | None], None]
_Running = tuple[Slot, Sequence[DecodedFrame]]


class DeviceLane:
    """Two threads for one GPU: one starts batches, the other finishes them.

    Args:
        runner: The GPU.
        deliver: Called for every frame, in order within a stream, with its people or with what
            went wrong.
        gather_s: How long a frame may wait for others to fill its batch, seconds.
    """

    def __init__(self, runner: Runner, deliver: Deliver, *, gather_s: float) -> None:
        self.runner = runner
        self.batches = 0
        self.clock = StageClock()
        self._deliver = deliver
        self.batcher = Batcher(limit=runner.batch, gather_s=gather_s, input_size=runner.input_size)
        self._running: queue.SimpleQueue[_Running | None] = queue.SimpleQueue()
        name = f"cuda-{runner.device}"
        self._threads = [
            threading.Thread(target=self._start_batches, name=f"start-{name}", daemon=True),
            threading.Thread(target=self._finish_batches, name=f"finish-{name}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Finish what waits, then end."""
        self.batcher.close()
        for thread in self._threads:
            thread.join()

    def _start_batches(self) -> None:
        while frames := self.batcher.take():
            try:
                slot = self.runner.lend(frames[0].surface.size)
            except PosestreamError as error:
                self._fail(frames, error)
                continue
            try:
                with self.clock.time("start"):
                    slot.start([frame.surface for frame in frames])
            except InferenceError as error:
                self.runner.give_back(slot)
                self._fail(frames, error)
                continue
            self._running.put((slot, frames))
        self._running.put(None)

    def _finish_batches(self) -> None:
        while (running := self._running.get()) is not None:
            slot, frames = running
            try:
                with self.clock.time("gpu"):
                    slot.wait()
                with self.clock.time("release"):  # as early as can be, for decoders wait for it
                    for frame in frames:
                        frame.surface.release()
                with self.clock.time("poses"):
                    people = slot.collect()
            except (PosestreamError, RuntimeError, ValueError) as error:
                self._fail(frames, error)
                continue
            finally:
                self.runner.give_back(slot)
            self.batches += 1
            with self.clock.time("deliver"):
                for frame, poses in zip(frames, people, strict=True):
                    self._deliver(frame, poses, None)

    def _fail(self, frames: Sequence[DecodedFrame], error: Exception) -> None:
        for frame in frames:
            frame.surface.release()
            self._deliver(frame, None, error)

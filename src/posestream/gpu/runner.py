"""One GPU at work: batches from many threads, a few of them on their way at a time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence

from posestream.geometry import InputRule, Size
from posestream.gpu.networks import Network
from posestream.gpu.pose_decoding import PoseDecoding
from posestream.gpu.slots import Slot, graph_sizes
from posestream.gpu.surfaces import Surface
from posestream.models.card import InputSpec


class Runner:
    """Lends slots, so that one batch is copied, or understood, while the next is computed.

    Slots are made when frames of a new shape come, a second for each input size; whoever knows
    the shapes beforehand calls `prepare`.

    Args:
        network: Turns inputs into maps.
        decoding: Turns maps into people.
        spec: How the network wants its pixels.
        rule: How frames become inputs.
        batch: Most frames at once.
        device: Index of the GPU; None for main memory, as tests want.
        slots: Batches on their way at a time, for each input size.
        dtype: ``float16`` or ``float32``.
    """

    def __init__(
        self,
        network: Network,
        decoding: PoseDecoding,
        *,
        spec: InputSpec,
        rule: InputRule,
        batch: int = 32,
        device: int | None = 0,
        slots: int = 2,
        dtype: str = "float16",
    ) -> None:
        self._network, self._decoding = network, decoding
        self._spec, self._rule, self._dtype = spec, rule, dtype
        self._sizes, self._count = graph_sizes(batch), slots
        self.batch, self.device = batch, device
        self._free: dict[Size, queue.SimpleQueue[Slot]] = {}
        self._making = threading.Lock()

    def input_size(self, frame_size: Size) -> Size:
        """Return the size of the input that a frame needs."""
        return self._rule.letterbox(frame_size).input_size

    def prepare(self, frame_size: Size) -> None:
        """Make the slots that frames of a size need, if they are not there."""
        size = self.input_size(frame_size)
        if size in self._free:
            return
        with self._making:
            if size in self._free:
                return
            free: queue.SimpleQueue[Slot] = queue.SimpleQueue()
            for _ in range(self._count):
                free.put(self._slot(size))
            self._free[size] = free

    def lend(self, frame_size: Size) -> Slot:
        """Return a slot for frames of a size, waiting until one is free."""
        self.prepare(frame_size)
        return self._free[self.input_size(frame_size)].get()

    def give_back(self, slot: Slot) -> None:
        """Take a slot back whose results have been collected."""
        self._free[slot.size].put(slot)

    def groups(self, surfaces: Sequence[Surface]) -> list[list[int]]:
        """Return the places of surfaces that can run together, at most a batch at a time."""
        by_size: dict[Size, list[int]] = {}
        for place, surface in enumerate(surfaces):
            by_size.setdefault(self.input_size(surface.size), []).append(place)
        return [
            places[start : start + self.batch]
            for places in by_size.values()
            for start in range(0, len(places), self.batch)
        ]

    def _slot(self, size: Size) -> Slot:
        return Slot(
            self._network,
            self._decoding,
            spec=self._spec,
            rule=self._rule,
            size=size,
            sizes=self._sizes,
            device=self.device,
            dtype=self._dtype,
        )

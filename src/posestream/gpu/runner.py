"""One GPU at work: batches from many threads, a few of them on their way at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from posestream.geometry import Size
from posestream.gpu.networks import Network
from posestream.gpu.pose_decoding import PoseDecoding
from posestream.gpu.recording import TRAFFIC
from posestream.gpu.slots import Slot, graph_sizes
from posestream.kernels import Loader, on_cuda
from posestream.models.card import InputSpec

_MOST_SIZES = 8
"""Input sizes that are kept: each takes memory for two of the largest batches."""


class Runner:
    """Lends slots, so that one batch is copied, or understood, while the next is computed.

    Slots are made when they are needed, for each input size, and take in batches of a new size
    when the first comes. Of many input sizes, as pictures of a folder may need, those that nobody
    wanted for longest are let go.

    Args:
        network: Turns inputs into maps.
        decoding: Turns maps into people.
        spec: How the network wants its pixels.
        batch: Most crops at once.
        sizes: Sizes of batches, increasing, instead of those that `graph_sizes` says.
        device: Index of the GPU; None for main memory, as tests want.
        slots: Batches on their way at a time, for each input size.
        dtype: ``float16`` or ``float32``.
        load: How kernels are compiled.
    """

    def __init__(
        self,
        network: Network,
        decoding: PoseDecoding,
        *,
        spec: InputSpec,
        batch: int = 32,
        sizes: Sequence[int] | None = None,
        device: int | None = 0,
        slots: int = 2,
        dtype: str = "float16",
        load: Loader = on_cuda,
    ) -> None:
        self._network, self._decoding = network, decoding
        self._spec, self._dtype, self._load = spec, dtype, load
        usual = graph_sizes(batch, few=network.slow_start)
        self._sizes, self._count = tuple(sizes or usual), slots
        self.batch, self.device = self._sizes[-1], device
        self._shelves: OrderedDict[Size, _Shelf] = OrderedDict()
        self._lock = threading.Lock()

    def lend_for(self, input_size: Size) -> Slot:
        """Return a slot whose input has a size, waiting until one is free."""
        shelf, slot = self._shelf(input_size), None
        try:
            slot = shelf.lend()
            return slot
        finally:
            if slot is None:
                self._want_no_more(shelf)

    def give_back(self, slot: Slot) -> None:
        """Take a slot back whose results have been collected."""
        shelf = self._shelves[slot.size]  # as it is wanted, it is still there
        shelf.give_back(slot)
        self._want_no_more(shelf)

    def _want_no_more(self, shelf: _Shelf) -> None:
        with self._lock:
            shelf.wanted -= 1

    def _shelf(self, size: Size) -> _Shelf:
        with self._lock:
            shelf = self._shelves.get(size)
            if shelf is None:
                left = self._too_many()
                shelf = _Shelf(lambda: self._slot(size), count=self._count)
                self._shelves[size] = shelf
            else:
                left = []
            self._shelves.move_to_end(size)
            shelf.wanted += 1
        TRAFFIC.let_go(left)
        return shelf

    def _too_many(self) -> list[_Shelf]:
        """Take out what leaves room for one more size, unless all are in use."""
        over = len(self._shelves) - _MOST_SIZES + 1
        idle = [size for size, shelf in self._shelves.items() if not shelf.wanted]
        return [self._shelves.pop(size) for size in idle[: max(over, 0)]]

    def _slot(self, size: Size) -> Slot:
        return Slot(
            self._network,
            self._decoding,
            spec=self._spec,
            size=size,
            sizes=self._sizes,
            device=self.device,
            dtype=self._dtype,
            load=self._load,
        )


class _Shelf:
    """Slots of one input size, made as long as there are too few."""

    def __init__(self, make: Callable[[], Slot], *, count: int) -> None:
        self.wanted = 0
        """How many have, or wait for, a slot; whoever counts does so with a lock held."""
        self._make, self._left = make, count
        self._free: list[Slot] = []
        self._changed = threading.Condition()

    def lend(self) -> Slot:
        """Return a slot that is free, else a new one, else one that becomes free."""
        with self._changed:
            self._changed.wait_for(lambda: self._free or self._left)
            if self._free:
                return self._free.pop()
            self._left -= 1
        return self._made()

    def give_back(self, slot: Slot) -> None:
        """Take a slot back."""
        with self._changed:
            self._free.append(slot)
            self._changed.notify()

    def _made(self) -> Slot:
        slot = None
        try:
            slot = self._make()
            return slot
        finally:
            if slot is None:  # it failed, and somebody else may try
                with self._changed:
                    self._left += 1
                    self._changed.notify()

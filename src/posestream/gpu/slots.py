"""One batch at a time on its way through a GPU: a CUDA stream, buffers, and recorded graphs."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from posestream.errors import InferenceError, OutOfMemoryError
from posestream.geometry import InputRule, Letterbox, Size
from posestream.gpu.libraries import import_torch
from posestream.gpu.networks import Network
from posestream.gpu.pose_decoding import PoseDecoding
from posestream.gpu.preprocessing import Preprocessor
from posestream.gpu.surfaces import Surface
from posestream.models.card import InputSpec
from posestream.types import Poses

_WARM_UPS = 2


def graph_sizes(largest: int) -> tuple[int, ...]:
    """Return the batch sizes worth a graph of their own, up to the largest.

    A batch is padded to the next of them, so that at most a third of the work is for nothing.
    """
    sizes = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, largest}
    return tuple(sorted(size for size in sizes if size <= largest))


class Slot:
    """Runs one batch from surfaces to people; `start`, then `finish`, then again.

    Everything between, from the table of pictures to the copies of results, is one CUDA graph for
    each batch size, recorded when the slot is made: the host starts it with one call.

    Args:
        network: Turns inputs into maps.
        decoding: Turns maps into people.
        spec: How the network wants its pixels.
        rule: How frames become inputs.
        size: Width and height of the input, pixels.
        sizes: Batch sizes, increasing; see `graph_sizes`.
        device: Index of the GPU.
        dtype: ``float16`` or ``float32``.

    Raises:
        OutOfMemoryError: If the GPU has no room.
        InferenceError: If the network cannot be recorded.
    """

    def __init__(
        self,
        network: Network,
        decoding: PoseDecoding,
        *,
        spec: InputSpec,
        rule: InputRule,
        size: Size,
        sizes: Sequence[int],
        device: int = 0,
        dtype: str = "float16",
    ) -> None:
        torch = import_torch()
        self._torch, self._device, self._sizes = torch, device, tuple(sizes)
        self.size = size
        self._network = network
        try:
            with torch.cuda.device(device), torch.inference_mode():
                self._stream = torch.cuda.Stream()
                self._finished = torch.cuda.Event(blocking=True)
                self._preprocessor = Preprocessor(
                    spec, rule, size=size, batch=sizes[-1], device=device, dtype=dtype
                )
                self._record(decoding)
        except torch.OutOfMemoryError as error:
            raise OutOfMemoryError(
                f"cuda:{device}: out of memory with batches of {sizes[-1]} at "
                f"{size[0]} x {size[1]}; a smaller batch needs less"
            ) from error
        except RuntimeError as error:
            raise InferenceError(f"cuda:{device}: {_first_line(error)}") from error
        self._boxes: tuple[Letterbox, ...] = ()

    def start(self, surfaces: Sequence[Surface]) -> None:
        """Start a batch; returns at once, and the surfaces stay lent until `wait` has returned.

        Raises:
            InferenceError: If there are more pictures than a batch has, or the GPU is lost.
        """
        batch = next((size for size in self._sizes if size >= len(surfaces)), None)
        if batch is None:
            raise InferenceError(f"{len(surfaces)} pictures at once; allowed: {self._sizes[-1]}")
        self._boxes = self._preprocessor.describe(surfaces, batch)
        self._reader.place(self._boxes, batch)
        try:
            with self._torch.cuda.stream(self._stream):
                self._graphs[batch].replay()
                self._finished.record()
        except RuntimeError as error:
            raise InferenceError(f"cuda:{self._device}: {_first_line(error)}") from error

    def wait(self) -> None:
        """Wait until the GPU has finished the batch and reads no surface any more.

        Raises:
            InferenceError: If the GPU failed.
        """
        try:
            self._finished.synchronize()
        except RuntimeError as error:
            raise InferenceError(f"cuda:{self._device}: {_first_line(error)}") from error

    def collect(self) -> list[Poses]:
        """Return everyone in each picture of the batch that `wait` waited for."""
        return self._reader.collect(self._boxes)

    def _record(self, decoding: PoseDecoding) -> None:
        """Run each batch size a few times, then record it."""
        torch = self._torch
        largest = self._sizes[-1]
        self._preprocessor.describe((), largest)
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            self._preprocessor.launch(largest)
            self._reader = decoding.reader(self._network(self._preprocessor.input))
        self._graphs: dict[int, Any] = {}
        pool = torch.cuda.graph_pool_handle()
        for size in reversed(self._sizes):  # the largest first: the others fit into its memory
            with torch.cuda.stream(self._stream):
                for _ in range(_WARM_UPS):
                    self._run(size)
            self._stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            # Other threads may decode, and so allocate, meanwhile.
            with torch.cuda.graph(
                graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"
            ):
                self._run(size)
            self._graphs[size] = graph

    def _run(self, batch: int) -> None:
        self._preprocessor.launch(batch)
        self._reader.launch(self._network(self._preprocessor.input[:batch]), batch)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

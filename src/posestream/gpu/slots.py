"""One batch at a time on its way through a GPU: a CUDA stream, buffers, and recorded graphs."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from posestream.batching.crops import Crop
from posestream.errors import InferenceError, OutOfMemoryError
from posestream.geometry import Letterbox, Size
from posestream.gpu.launchers import Launcher, launcher_for
from posestream.gpu.libraries import import_torch
from posestream.gpu.networks import Network
from posestream.gpu.pose_decoding import PoseDecoding, PoseReader
from posestream.gpu.preprocessing import Preprocessor
from posestream.gpu.surfaces import Surface
from posestream.kernels import Loader, on_cuda
from posestream.models.card import InputSpec
from posestream.types import Poses

_maker = ThreadPoolExecutor(1, thread_name_prefix="record-graphs")
"""Sets memory aside and records graphs: no two threads may do so at once, and plans that libraries
make for a shape are kept for the thread that made them."""


def graph_sizes(largest: int, *, few: bool = False) -> tuple[int, ...]:
    """Return the batch sizes worth a graph of their own, up to the largest.

    A batch is padded to the next of them, so that at most a third of the work is for nothing, while
    each size costs up to a second when it first comes.

    Args:
        largest: The most frames at once.
        few: Whether each size costs minutes, so that one for a single frame and one for all others
            must do.
    """
    powers = [2**n for n in range(largest.bit_length())]
    sizes = {1, largest} if few else {largest, *powers, *(3 * power for power in powers)}
    return tuple(sorted(size for size in sizes if size <= largest))


class Slot:
    """Runs one batch from surfaces to people; `start`, `wait`, `collect`, then again.

    Everything between, from the table of pictures to the copies of results, is one CUDA graph for
    each batch size, recorded by `prepare` or when the first batch of its size comes: the host
    starts it with one call. Where the network cannot be recorded the same steps are enqueued one
    by one, and in main memory they run at once.

    Args:
        network: Turns inputs into maps.
        decoding: Turns maps into people.
        spec: How the network wants its pixels.
        size: Width and height of the input, pixels.
        sizes: Batch sizes, increasing; see `graph_sizes`.
        device: Index of the GPU; None for main memory.
        dtype: ``float16`` or ``float32``.
        load: How kernels are compiled.

    Raises:
        OutOfMemoryError: If the GPU has no room.
        InferenceError: If the network fails or cannot be recorded.
    """

    def __init__(
        self,
        network: Network,
        decoding: PoseDecoding,
        *,
        spec: InputSpec,
        size: Size,
        sizes: Sequence[int],
        device: int | None = 0,
        dtype: str = "float16",
        load: Loader = on_cuda,
    ) -> None:
        self._sizes, self.size = tuple(sizes), size
        self._place = "cpu" if device is None else f"cuda:{device}"
        self._network = network
        self._boxes: tuple[Letterbox, ...] = ()
        self._prepared: set[int] = set()

        def set_up() -> tuple[Launcher, Preprocessor, PoseReader]:
            launcher, largest = launcher_for(device, capturable=network.capturable), sizes[-1]
            with launcher.within():
                preprocessor = Preprocessor(
                    spec, size=size, batch=largest, device=device, dtype=dtype, load=load
                )
                preprocessor.describe((), (), largest)
                preprocessor.launch(largest)
                return launcher, preprocessor, decoding.reader(network(preprocessor.input))

        with self._failures():
            self._launcher, self._preprocessor, self._reader = _maker.submit(set_up).result()

    def prepare(self, sizes: Sequence[int] | None = None) -> None:
        """Do what first batches of some sizes would wait for, by default of all sizes.

        Raises:
            OutOfMemoryError: If the GPU has no room.
            InferenceError: If the network fails or cannot be recorded.
        """
        missing = [size for size in sizes or self._sizes if size not in self._prepared]
        if missing:
            with self._failures():
                _maker.submit(self._take_in, missing).result()
            self._prepared.update(missing)

    def start(self, surfaces: Sequence[Surface], crops: Sequence[Crop]) -> None:
        """Start a batch; the surfaces stay lent until `wait` has returned.

        Returns at once, but for first batches of their size and what runs in main memory.

        Args:
            surfaces: The picture of each crop.
            crops: What is looked at; their inputs have this slot's size.

        Raises:
            InferenceError: If there are more crops than a batch has, or the GPU is lost.
            OutOfMemoryError: If a network that is not recorded finds no room.
        """
        batch = next((size for size in self._sizes if size >= len(crops)), None)
        if batch is None:
            raise InferenceError(f"{len(crops)} crops at once; allowed: {self._sizes[-1]}")
        self.prepare((batch,))
        self._boxes = self._preprocessor.describe(surfaces, crops, batch)
        self._reader.place(self._boxes, batch)
        with self._failures():
            self._launcher.launch(batch)

    def wait(self) -> None:
        """Wait until the GPU has finished the batch and reads no surface any more.

        Raises:
            InferenceError: If the GPU failed.
        """
        with self._failures():
            self._launcher.wait()

    def collect(self) -> list[Poses]:
        """Return everyone in each picture of the batch that `wait` waited for."""
        return self._reader.collect(self._boxes)

    def _take_in(self, sizes: Sequence[int]) -> None:
        with self._launcher.within():
            self._launcher.prepare(self._run, sizes)

    def _run(self, batch: int) -> None:
        self._preprocessor.launch(batch)
        self._reader.launch(self._network(self._preprocessor.input[:batch]), batch)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Raise what goes wrong on the device as errors of ours that name it."""
        try:
            yield
        except InferenceError:
            raise
        except import_torch().OutOfMemoryError as error:
            width, height = self.size
            raise OutOfMemoryError(
                f"{self._place}: out of memory with batches of {self._sizes[-1]} at "
                f"{width} x {height}; a smaller batch needs less"
            ) from error
        except RuntimeError as error:
            raise InferenceError(f"{self._place}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]

"""Decode poses where the network's maps already are: on the GPU.

Kernels turn a batch of maps into people, who come back in one small copy. Only the setting that
repeats TRTPose's own decoder leaves a part to the CPU, which may run in a few threads.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from posestream.decoding import Decoder
from posestream.decoding.centers import CenterDecoder
from posestream.decoding.gpu_centers import CenterBatch
from posestream.decoding.gpu_paf import PafBatch
from posestream.decoding.gpu_paf_compatible import CompatiblePafBatch
from posestream.decoding.paf import PafDecoder
from posestream.errors import ConfigError
from posestream.geometry import Letterbox
from posestream.kernels import Loader, on_cuda
from posestream.types import Poses

if TYPE_CHECKING:
    import torch


class DeviceBatch(Protocol):
    """Decodes batches of one size on a GPU, one after the other, in memory of its own.

    The steps are `place`, `launch`, waiting for the GPU, and `people` of every frame; only then
    comes the next `place`. To overlap batches, take turns with two of these.
    """

    @property
    def size(self) -> int:
        """Frames there is room for."""
        ...

    @property
    def download_bytes(self) -> int:
        """What comes back of every batch, bytes."""
        ...

    def place(self, letterboxes: Sequence[Letterbox]) -> None:
        """Say where each frame lies in its maps; frames past the last are nobody's."""
        ...

    def launch(self, maps: Mapping[str, torch.Tensor]) -> None:
        """Enqueue decoding, and the copy of what it finds, on the current stream.

        Allocates nothing and waits for nothing, so that it may be captured in a CUDA graph; the
        graph then reads the maps it was captured with.

        Args:
            maps: ``(B, C, h, w)`` by their meaning on the model card, as prepared for. They may
                change once the stream has passed what this enqueues.
        """
        ...

    def wait(self) -> None:
        """Wait until the current stream has done all it was given."""
        ...

    def people(self, frames: Sequence[int], letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Return everyone in some frames of what was launched last and has run to its end.

        Several threads may ask for different frames at once.

        Args:
            frames: Their places in the batch.
            letterboxes: Where each of them lies in its maps.
        """
        ...


class GpuDecoder:
    """Finds on a GPU whom a decoder finds on the CPU, up to rounding.

    Args:
        decoder: A `PafDecoder` or `CenterDecoder`, whose settings hold.
        threads: CPU threads that make people in the setting ``compatible``; others need none.
        load: How kernels are compiled.

    Raises:
        ConfigError: If there is no such decoder for the GPU.
    """

    def __init__(self, decoder: Decoder, *, threads: int = 2, load: Loader = on_cuda) -> None:
        if not isinstance(decoder, PafDecoder | CenterDecoder):
            raise ConfigError(
                f"{type(decoder).__name__} has no form for the GPU; those with one are "
                "PafDecoder and CenterDecoder"
            )
        self._decoder, self._load = decoder, load
        on_host = isinstance(decoder, PafDecoder) and not decoder.rules.is_robust
        self._threads = max(1, threads) if on_host else 1
        self._pool = ThreadPoolExecutor(self._threads, "poses") if self._threads > 1 else None

    def prepare(self, maps: Mapping[str, torch.Tensor]) -> DeviceBatch:
        """Set everything aside for batches like this one, whose numbers are not read.

        Args:
            maps: ``(B, C, h, w)`` by their meaning on the model card; all 16-bit or all 32-bit
                floats, in any memory layout.

        Raises:
            InferenceError: If a map is missing, its type or shape is not the topology's, or it is
                too much for this GPU.
            MissingDependencyError: If torch, NVIDIA's bindings or the GPU is missing.
        """
        if isinstance(self._decoder, PafDecoder):
            kind = PafBatch if self._decoder.rules.is_robust else CompatiblePafBatch
            return kind(self._decoder.rules, maps, load=self._load)
        return CenterBatch(self._decoder, maps, load=self._load)

    def people(self, batch: DeviceBatch, letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Return everyone in each frame of a batch that was launched and has run to its end.

        Args:
            batch: As `prepare` returned it.
            letterboxes: As given to its ``place``.
        """
        count, pool = len(letterboxes), self._pool
        if pool is None or count < 2:
            return batch.people(range(count), letterboxes)
        found: list[Poses] = [Poses.empty(0)] * count
        shares = [range(start, count, self._threads) for start in range(self._threads)]
        parts = [
            pool.submit(batch.people, share, letterboxes[share.start :: share.step])
            for share in shares
        ]
        for share, part in zip(shares, parts, strict=True):
            found[share.start :: share.step] = part.result()
        return found

    def decode(
        self,
        batch: DeviceBatch,
        maps: Mapping[str, torch.Tensor],
        letterboxes: Sequence[Letterbox],
    ) -> list[Poses]:
        """Do all steps of a batch, one after the other, and return everyone in each frame."""
        batch.place(letterboxes)
        batch.launch(maps)
        batch.wait()
        return self.people(batch, letterboxes)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

"""The seam between a network's maps on the GPU and people on the host.

Work comes in two halves. The first is started on the GPU right after the network and may be part
of a CUDA graph: it copies, or searches, and sends what is left to pinned memory. The second runs
on the host once that has arrived.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from posestream.decoding import Decoder
from posestream.geometry import Letterbox
from posestream.gpu.libraries import import_torch
from posestream.kernels import Loader, on_cuda
from posestream.types import Fields, Poses


class PoseReader(Protocol):
    """Reads people from the maps of one slot; its memory stays in place."""

    def place(self, letterboxes: Sequence[Letterbox], batch: int) -> None:
        """Note where the frames of the next batch lie in their inputs.

        Args:
            letterboxes: One for each frame; places of the batch beyond them are nobody's.
            batch: What `launch` was told when the graph that comes next was recorded.
        """
        ...

    def launch(self, maps: Mapping[str, Any], batch: int) -> None:
        """Start the half on the GPU, on torch's current stream; a CUDA graph may hold it."""
        ...

    def collect(self, letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Return everyone in each frame; called when all that was launched has finished."""
        ...


class PoseDecoding(Protocol):
    """Makes readers."""

    def reader(self, maps: Mapping[str, Any]) -> PoseReader:
        """Return a reader for batches up to the size of these maps."""
        ...


class HostPoseDecoding:
    """Copies whole maps to the host and decodes them there, on several threads.

    Args:
        decoder: Finds people in maps; its compiled code holds no lock.
        threads: Threads that decode; by default one per core, at most 8.
    """

    def __init__(self, decoder: Decoder, *, threads: int | None = None) -> None:
        self._decoder = decoder
        self._threads = threads or min(8, os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="decode-poses")

    def reader(self, maps: Mapping[str, Any]) -> PoseReader:
        """Return a reader for batches up to the size of these maps."""
        return _HostReader(self, maps)

    def decode(self, fields: Fields) -> list[Poses]:
        """Return everyone in each frame, decoding a share of the frames on each thread."""
        count = len(fields.letterboxes)
        share = max(1, -(-count // self._threads))
        parts = [
            Fields(
                {name: array[start : start + share] for name, array in fields.maps.items()},
                fields.letterboxes[start : start + share],
            )
            for start in range(0, count, share)
        ]
        if len(parts) == 1:
            return self._decoder.decode(parts[0])
        return [poses for part in self._pool.map(self._decoder.decode, parts) for poses in part]


class _HostReader:
    def __init__(self, decoding: HostPoseDecoding, maps: Mapping[str, Any]) -> None:
        torch = import_torch()
        self._decoding = decoding
        self._copies = {
            name: torch.empty(
                tensor.shape, dtype=torch.float32, pin_memory=tensor.device.type == "cuda"
            )
            for name, tensor in maps.items()
        }
        self._arrays = {name: copy.numpy() for name, copy in self._copies.items()}

    def place(self, letterboxes: Sequence[Letterbox], batch: int) -> None:
        """Do nothing: copying needs to know no places."""

    def launch(self, maps: Mapping[str, Any], batch: int) -> None:
        """Start copying."""
        for name, tensor in maps.items():
            # In float32 and in rows already on the GPU, for the host would be slower at both.
            self._copies[name][:batch].copy_(tensor.float().contiguous(), non_blocking=True)

    def collect(self, letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Decode."""
        count = len(letterboxes)
        maps = {name: array[:count] for name, array in self._arrays.items()}
        return self._decoding.decode(Fields(maps, tuple(letterboxes)))


class DeviceBatch(Protocol):
    """Decodes batches of one size on a GPU; see `posestream.decoding.gpu_decoder`."""

    def place(self, letterboxes: Sequence[Letterbox]) -> None:
        """Say where each frame lies in its maps."""
        ...

    def launch(self, maps: Mapping[str, Any]) -> None:
        """Enqueue decoding, and the copy of what it finds, on the current stream."""
        ...


class DeviceDecoder(Protocol):
    """Finds people on a GPU; see `posestream.decoding.gpu_decoder`."""

    def prepare(self, maps: Mapping[str, Any]) -> Any:
        """Set everything aside for batches like this one and return it, a `DeviceBatch`."""
        ...

    def people(self, batch: Any, letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Return everyone in each frame of a batch that has run to its end."""
        ...


class DevicePoseDecoding:
    """Searches maps on the GPU; only candidates come to the host.

    Args:
        decoder: The search.
    """

    def __init__(self, decoder: DeviceDecoder) -> None:
        self._decoder = decoder

    def reader(self, maps: Mapping[str, Any]) -> PoseReader:
        """Return a reader for batches up to the size of these maps."""
        return _DeviceReader(self._decoder)


class _DeviceReader:
    """Holds one prepared batch for each size, for each graph has addresses of its own."""

    def __init__(self, decoder: DeviceDecoder) -> None:
        self._decoder = decoder
        self._batches: dict[int, DeviceBatch] = {}
        self._placed = 0

    def place(self, letterboxes: Sequence[Letterbox], batch: int) -> None:
        """Tell the batch of this size."""
        self._placed = batch
        self._batches[batch].place(letterboxes)

    def launch(self, maps: Mapping[str, Any], batch: int) -> None:
        """Search, and copy what is found; the first of each size sets memory aside."""
        if batch not in self._batches:
            self._batches[batch] = self._decoder.prepare(maps)
        self._batches[batch].launch(maps)

    def collect(self, letterboxes: Sequence[Letterbox]) -> list[Poses]:
        """Join what was found into people."""
        return self._decoder.people(self._batches[self._placed], letterboxes)


def usual_decoding(decoder: Decoder, *, load: Loader = on_cuda) -> PoseDecoding:
    """Return what decodes on the GPU where there is such a form, else on the host.

    Args:
        decoder: Whose people are found.
        load: How kernels are compiled.
    """
    from posestream.decoding.centers import CenterDecoder
    from posestream.decoding.gpu_decoder import GpuDecoder
    from posestream.decoding.paf import PafDecoder

    if isinstance(decoder, PafDecoder | CenterDecoder):
        return DevicePoseDecoding(GpuDecoder(decoder, load=load))
    return HostPoseDecoding(decoder)

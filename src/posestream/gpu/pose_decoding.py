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
from posestream.types import Fields, Poses


class PoseReader(Protocol):
    """Reads people from the maps of one slot; its memory stays in place."""

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

"""Memory that a GPU fills and the host reads: many arrays in one block, one copy for all."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

_ALIGNMENT = 256


class Transfer:
    """Named arrays on a device and their copies in page-locked memory.

    Args:
        arrays: Shape and dtype of each.
        device: Where the originals are; on a CPU device, copies are ordinary memory.
        on_host: Whether there are copies; `fetched` works without.
    """

    def __init__(
        self,
        arrays: Mapping[str, tuple[tuple[int, ...], npt.DTypeLike]],
        device: torch.device,
        *,
        on_host: bool = True,
    ) -> None:
        import torch

        self._arrays = dict(arrays)
        self._places: dict[str, tuple[int, int]] = {}
        end = 0
        for name, (shape, dtype) in arrays.items():
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            self._places[name] = (end, size)
            end += -(-size // _ALIGNMENT) * _ALIGNMENT
        pinned = device.type == "cuda" and on_host
        self._device = torch.zeros(max(end, 1), dtype=torch.uint8, device=device)
        kept = max(end, 1) if on_host else 0
        self._host = torch.zeros(kept, dtype=torch.uint8, pin_memory=pinned)
        self.host: dict[str, npt.NDArray] = {}
        """The copies, by name."""
        everything = self._host.numpy()
        for name, (shape, dtype) in arrays.items() if on_host else ():
            start, size = self._places[name]
            self.host[name] = everything[start : start + size].view(dtype).reshape(shape)

    @property
    def bytes(self) -> int:
        """Size of one copy."""
        return self._device.numel()

    def on_device(self, name: str) -> torch.Tensor:
        """Return the memory of an array on the device, as bytes."""
        start, size = self._places[name]
        return self._device[start : start + size]

    def fetched(self, name: str, rows: int) -> npt.NDArray:
        """Return a copy of an array's first rows, which are on the device; waits for it."""
        shape, dtype = self._arrays[name]
        start, size = self._places[name]
        size = size // shape[0] * rows
        copy = self._device[start : start + size].cpu().numpy()
        return copy.view(dtype).reshape(rows, *shape[1:])

    def download(self) -> None:
        """Enqueue the copy to the host on the current stream."""
        self._host.copy_(self._device, non_blocking=True)

    def upload(self) -> None:
        """Enqueue the copy to the device on the current stream."""
        self._device.copy_(self._host, non_blocking=True)

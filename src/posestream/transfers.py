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
    """

    def __init__(
        self, arrays: Mapping[str, tuple[tuple[int, ...], npt.DTypeLike]], device: torch.device
    ) -> None:
        import torch

        self._places: dict[str, tuple[int, int]] = {}
        end = 0
        for name, (shape, dtype) in arrays.items():
            size = int(np.prod(shape)) * np.dtype(dtype).itemsize
            self._places[name] = (end, size)
            end += -(-size // _ALIGNMENT) * _ALIGNMENT
        pinned = device.type == "cuda"
        self._device = torch.zeros(max(end, 1), dtype=torch.uint8, device=device)
        self._host = torch.zeros(max(end, 1), dtype=torch.uint8, pin_memory=pinned)
        self.host: dict[str, npt.NDArray] = {}
        """The copies, by name."""
        everything = self._host.numpy()
        for name, (shape, dtype) in arrays.items():
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

    def download(self) -> None:
        """Enqueue the copy to the host on the current stream."""
        self._host.copy_(self._device, non_blocking=True)

    def upload(self) -> None:
        """Enqueue the copy to the device on the current stream."""
        self._device.copy_(self._host, non_blocking=True)

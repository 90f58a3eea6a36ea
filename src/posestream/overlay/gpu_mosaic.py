"""One picture of many streams' pictures, scaled, drawn on and kept together on a GPU."""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from posestream.errors import ConfigError
from posestream.kernels import Arguments, Loader, Step, on_cuda
from posestream.overlay.gpu_skeletons import GpuSkeletons
from posestream.overlay.gpu_surfaces import (
    SURFACE,
    TABLES,
    Part,
    Picture,
    Yuv,
    recolour,
    surface_rows,
)
from posestream.transfers import Transfer
from posestream.types import Poses

if TYPE_CHECKING:
    import torch

SOURCES = tuple(Path(__file__).with_name(f"gpu_{part}.cu") for part in ("surfaces", "scaling"))
Rectangle = tuple[int, int, int, int]
"""Left, top, width, height, pixels; all even."""
_BLACK, _GREY = 16, 128
_SIDE = 32
"""Pixels along the side of what a block scales."""
RECOLOURS = np.stack([recolour(Yuv(matrix, full), Yuv()) for matrix, full in TABLES])
"""``(T, 9)`` numbers of `recolour` from each of `TABLES` to what the canvas has."""


class GpuMosaic:
    """An NV12 canvas, BT.709 of limited range, that pictures are scaled into.

    Pictures of any size and colours fill the places they are given, and people are drawn on them
    as large as the place asks for. The canvas comes to the host in one copy, for an encoder there.
    For one thread at a time.

    Args:
        size: Width and height of the whole, even pixels.
        device: A CUDA device of torch.
        skeletons: Draws people; None for pictures alone.
        load: How kernels are compiled.

    Raises:
        ConfigError: If a side is odd.
        MissingDependencyError: If torch, NVIDIA's bindings or the GPU is missing.
    """

    def __init__(
        self,
        size: tuple[int, int],
        device: torch.device,
        *,
        skeletons: GpuSkeletons | None = None,
        load: Loader = on_cuda,
    ) -> None:
        import torch

        if min(size) < 2 or size[0] % 2 or size[1] % 2:
            raise ConfigError(f"a mosaic's sides must be even and at least 2, not {size}")
        width, height = size
        self._size, self._device = size, device
        self._skeletons = skeletons
        self._kernels = load(SOURCES, device.index or 0, {"HALF": 0})
        self._canvas = torch.empty((height * 3 // 2, width), dtype=torch.uint8, device=device)
        self.clear()
        self._parts: dict[Rectangle, Part] = {}
        self._room = 0
        gpu = device.type == "cuda"
        self._host = torch.empty(self._canvas.shape, dtype=torch.uint8, pin_memory=gpu)
        self._sent: Any = torch.cuda.Event() if gpu else None

    def clear(self) -> None:
        """Enqueue making everything black."""
        self._canvas[: self._size[1]] = _BLACK
        self._canvas[self._size[1] :] = _GREY

    def show(
        self,
        pictures: Sequence[Picture],
        places: Sequence[Rectangle],
        poses: Sequence[Poses],
        *,
        ids: Sequence[npt.NDArray[np.int64]] | None = None,
    ) -> None:
        """Enqueue scaling and drawing on the current stream; the rest of the canvas stays.

        Args:
            pictures: What to show.
            places: What each fills; none over another.
            poses: Everyone on each picture, in its own pixels.
            ids: ``(P,)`` identities on each, for the colours of limbs.

        Raises:
            ConfigError: If a place is odd, or sticks out.
        """
        if not pictures:
            return
        parts = [self._parts.get(place) or self._part(place) for place in places]
        self._scale(pictures, parts)
        if self._skeletons is not None:
            sizes = [picture.size for picture in pictures]
            self._skeletons.draw(parts, poses, ids=ids, frame_sizes=sizes)

    def download(self) -> npt.NDArray[np.uint8]:
        """Enqueue the copy to the host on the current stream.

        Returns:
            ``(3H / 2, W)`` luma, then rows of blue and red difference in turns; valid once the
            stream has come this far, and until the next download.
        """
        self._host.copy_(self._canvas, non_blocking=True)
        return self._host.numpy()

    def _scale(self, sources: Sequence[Picture], parts: Sequence[Part]) -> None:
        if self._sent is not None:
            self._sent.synchronize()  # or the memory below would still be on its way
        count = len(parts)
        self._make_room(count)
        host, nobody, sizes = self._there.host, [0] * count, [part.size for part in parts]
        host["sources"][:count] = surface_rows(sources, sizes, nobody)
        host["tiles"][:count] = surface_rows(parts, sizes, nobody)
        host["recolours"][:count] = RECOLOURS[host["sources"]["table"][:count]]
        self._there.upload()
        if self._sent is not None:
            self._sent.record()
        width, height = (max(side) for side in zip(*sizes, strict=True))
        blocks = (-(-width // _SIDE), -(-height // _SIDE), count)
        there = self._there.on_device
        arguments = Arguments(there("sources"), there("tiles"), there("recolours"))
        self._kernels.launch(Step("scale_pictures", blocks, 256, 0, arguments))

    def _make_room(self, count: int) -> None:
        if count <= self._room:
            return
        self._room = 2 * count
        arrays = {
            "sources": ((self._room,), SURFACE),
            "tiles": ((self._room,), SURFACE),
            "recolours": ((self._room, 9), np.float32),
        }
        self._there = Transfer(arrays, self._device)

    def _part(self, place: Rectangle) -> Part:
        """Return a rectangle of the canvas."""
        left, top, width, height = place
        sticks_out = left + width > self._size[0] or top + height > self._size[1]
        if any(n % 2 for n in place) or min(width, height) < 2 or min(place) < 0 or sticks_out:
            raise ConfigError(
                f"place {place} of a mosaic: left, top, width and height must be even and inside "
                f"{self._size[0]} x {self._size[1]}"
            )
        start, pitch = self._canvas.data_ptr(), self._size[0]
        chroma = start + (self._size[1] + top // 2) * pitch + left
        part = Part(start + top * pitch + left, chroma, pitch, (width, height))
        self._parts[place] = part
        return part

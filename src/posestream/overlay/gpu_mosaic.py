"""One picture of many streams' pictures, scaled, drawn on and kept together on a GPU."""
# pyright: reportMissingImports=false

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from posestream.errors import ConfigError
from posestream.geometry import Letterbox
from posestream.kernels import Arguments, Loader, Step, on_cuda
from posestream.overlay.gpu_skeletons import GpuSkeletons
from posestream.overlay.gpu_surfaces import (
    SURFACE,
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


class GpuMosaic:
    """An NV12 canvas, BT.709 of limited range, with a tile for each stream.

    Pictures of any size and colours are scaled to fit into the middle of their tiles, and people
    drawn on them as large as the tile asks for. The canvas comes to the host in one copy, for an
    encoder there. For one thread at a time.

    Args:
        tiles: Where the places are.
        size: Width and height of the whole, even pixels.
        device: A CUDA device of torch.
        skeletons: Draws people; None for pictures alone.
        load: How kernels are compiled.

    Raises:
        ConfigError: If a size or a tile is odd, or sticks out.
        MissingDependencyError: If torch, NVIDIA's bindings or the GPU is missing.
    """

    def __init__(
        self,
        tiles: Sequence[Rectangle],
        size: tuple[int, int],
        device: torch.device,
        *,
        skeletons: GpuSkeletons | None = None,
        load: Loader = on_cuda,
    ) -> None:
        import torch

        _check(tiles, size)
        width, height = size
        self._tiles, self._size, self._device = list(tiles), size, device
        self._skeletons = skeletons
        self._kernels = load(SOURCES, device.index or 0, {"HALF": 0})
        self._canvas = torch.empty((height * 3 // 2, width), dtype=torch.uint8, device=device)
        self.clear()
        count = len(tiles)
        arrays = {
            "sources": ((count,), SURFACE),
            "tiles": ((count,), SURFACE),
            "recolours": ((count, 9), np.float32),
        }
        self._there = Transfer(arrays, device)
        gpu = device.type == "cuda"
        self._host = torch.empty(self._canvas.shape, dtype=torch.uint8, pin_memory=gpu)
        self._sent: Any = torch.cuda.Event() if gpu else None

    def clear(self) -> None:
        """Enqueue making everything black."""
        self._canvas[: self._size[1]] = _BLACK
        self._canvas[self._size[1] :] = _GREY

    def show(self, pictures: Sequence[Picture | None], poses: Sequence[Poses]) -> None:
        """Enqueue scaling and drawing on the current stream.

        Args:
            pictures: One for each tile, from the first; where there is None, the tile stays as it
                is.
            poses: Everyone on each picture, in its own pixels.
        """
        given = [
            (n, picture, own)
            for n, (picture, own) in enumerate(zip(pictures, poses, strict=True))
            if picture is not None
        ]
        if not given:
            return
        sources = [picture for _, picture, _ in given]
        parts = [self._part(self._tiles[n], picture.size) for n, picture, _ in given]
        self._scale(sources, parts)
        if self._skeletons is not None:
            sizes = [picture.size for picture in sources]
            self._skeletons.draw(parts, [own for _, _, own in given], frame_sizes=sizes)

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
        host, count = self._there.host, len(parts)
        nobody, sizes = [0] * count, [part.size for part in parts]
        host["sources"][:count] = surface_rows(sources, sizes, nobody)
        host["tiles"][:count] = surface_rows(parts, sizes, nobody)
        colours = [Yuv(source.colour.matrix, source.colour.full_range) for source in sources]
        host["recolours"][:count] = [recolour(colour, Yuv()) for colour in colours]
        self._there.upload()
        if self._sent is not None:
            self._sent.record()
        width, height = (max(side) for side in zip(*sizes, strict=True))
        blocks = (-(-width // _SIDE), -(-height // _SIDE), count)
        there = self._there.on_device
        arguments = Arguments(there("sources"), there("tiles"), there("recolours"))
        self._kernels.launch(Step("scale_pictures", blocks, 256, 0, arguments))

    def _part(self, tile: Rectangle, size: tuple[int, int]) -> Part:
        """Return the rectangle of the canvas that a picture fills, in the middle of its tile."""
        left, top, wide, tall = _inside(tile, size)
        start, pitch = self._canvas.data_ptr(), self._size[0]
        chroma = start + (self._size[1] + top // 2) * pitch + left
        return Part(start + top * pitch + left, chroma, pitch, (wide, tall))


@functools.lru_cache(maxsize=4096)
def _inside(tile: Rectangle, size: tuple[int, int]) -> Rectangle:
    left, top, width, height = tile
    content = Letterbox.inside(size, (width, height)).content_size
    wide, tall = (max(2, side // 2 * 2) for side in content)
    return left + (width - wide) // 4 * 2, top + (height - tall) // 4 * 2, wide, tall


def _check(tiles: Sequence[Rectangle], size: tuple[int, int]) -> None:
    if min(size) < 2 or size[0] % 2 or size[1] % 2:
        raise ConfigError(f"a mosaic's sides must be even and at least 2, not {size}")
    for tile in tiles:
        left, top, width, height = tile
        sticks_out = left + width > size[0] or top + height > size[1] or min(left, top) < 0
        if any(number % 2 for number in tile) or min(width, height) < 2 or sticks_out:
            raise ConfigError(
                f"tile {tile} of a mosaic: left, top, width and height must be even and inside "
                f"{size[0]} x {size[1]}"
            )

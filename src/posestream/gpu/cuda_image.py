"""A frame in a GPU's memory behind the seam that frames in main memory have."""
# pyright: reportMissingImports=false

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from posestream.geometry import Letterbox
from posestream.gpu.device_memory import rows_at
from posestream.gpu.libraries import import_torch
from posestream.gpu.pixels import pixel_maker
from posestream.gpu.placements import placement
from posestream.gpu.preprocessing import Placed
from posestream.gpu.recording import TRAFFIC
from posestream.gpu.surfaces import Surface
from posestream.images import HostImage

_MATRIX_TAGS = {"bt601": 6, "bt709": 1, "bt2020": 9}
_LIMITED, _FULL = 1, 2


class CudaImage:
    """A decoded picture that stays on the GPU until somebody asks for pixels.

    What is returned is made on the GPU, at its final size, and only that is copied.

    Args:
        surface: The picture; it is released when nobody refers to it any more.
        duration: How long it is shown, ticks; None where unknown.
    """

    __slots__ = ("_duration", "surface")

    def __init__(self, surface: Surface, *, duration: int | None = None) -> None:
        self.surface, self._duration = surface, duration

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.surface.size

    def resized_rgb(self, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Return the whole frame scaled to ``(height, width, 3)`` RGB."""
        size = (width, height)
        return self._made(Letterbox(self.size, size, size), size)

    def crop_rgb(
        self, region: tuple[int, int, int, int], width: int, height: int
    ) -> npt.NDArray[np.uint8]:
        """Return a region (left, top, right, bottom) scaled to ``(height, width, 3)`` RGB.

        What lies outside the frame is black.

        Raises:
            ValueError: If the region is empty.
        """
        left, top, right, bottom = region
        if right <= left or bottom <= top:
            raise ValueError(f"region {region} is empty")
        size = (width, height)
        box = placement(self.size, region, Letterbox((right - left, bottom - top), size, size))
        return self._made(box, size)

    def rgb(self) -> npt.NDArray[np.uint8]:
        """Return ``(H, W, 3)`` RGB at full size."""
        return self.resized_rgb(*self.size)

    def yuv420p_copy(self) -> HostImage:
        """Return an 8-bit YUV 4:2:0 copy in main memory that may be drawn on."""
        import av

        width, height = self.size
        planes = self._planes()
        frame = av.VideoFrame(width, height, "nv12")
        for plane, rows in zip(frame.planes, (planes[:height], planes[height:]), strict=True):
            target = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            columns = min(plane.line_size, rows.shape[1])
            target[: len(rows), :columns] = rows[:, :columns]
        copy = frame.reformat(format="yuv420p", threads=1)
        colour = self.surface.colour
        copy.colorspace = _MATRIX_TAGS[colour.matrix]
        copy.color_range = _FULL if colour.full_range else _LIMITED
        if self._duration is not None:
            copy.duration = self._duration
        return HostImage(copy)

    def _planes(self) -> npt.NDArray[np.uint8]:
        """Return luma and the pairs of chroma, one below the other."""
        torch = import_torch()
        surface = self.surface
        height, half = surface.size[1], (surface.size[1] + 1) // 2
        with TRAFFIC.alongside:
            parts = [
                rows_at(address, rows=rows, pitch=surface.pitch, device=surface.device).cpu()
                for address, rows in ((surface.luma, height), (surface.chroma, half))
            ]
        return torch.cat(parts).numpy()

    def _made(self, box: Placed, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        return pixel_maker(self.surface.device).make(self.surface, box, size)

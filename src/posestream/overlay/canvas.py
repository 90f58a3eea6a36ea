"""The planes of a frame that is being drawn on."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane

from posestream.images import HostImage
from posestream.overlay.blending import blend_mask
from posestream.overlay.colours import OUTLINE, RGB, yuv_from_rgb
from posestream.overlay.strokes import draw_strokes


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Opacities at the size of luma and of chroma.

    Raises:
        ValueError: If the size is odd.
    """

    fine: npt.NDArray[np.float32]
    """``(h, w)`` in [0, 1]; both even."""
    coarse: npt.NDArray[np.float32]
    """``(h / 2, w / 2)`` means of four."""

    @classmethod
    def of(cls, opacity: npt.NDArray[np.float32]) -> Mask:
        """Take ``(h, w)`` opacities in [0, 1], both even."""
        height, width = opacity.shape
        if height % 2 or width % 2:
            raise ValueError(f"a mask's sides must be even, not {width} x {height}")
        blocks = opacity.reshape(height // 2, 2, width // 2, 2)
        return cls(np.ascontiguousarray(opacity), blocks.mean(axis=(1, 3), dtype=np.float32))


class Canvas:
    """A YUV 4:2:0 picture to draw on in frame pixels and RGB colours.

    Args:
        image: What to draw on, as `HostImage.yuv420p_copy` returns it.
    """

    def __init__(self, image: HostImage) -> None:
        self.frame: av.VideoFrame = image.frame
        self.width, self.height = image.size
        # Whole lines, padding included, so that compiled code sees one memory layout only.
        self.lines = tuple(_lines(plane) for plane in self.frame.planes)
        """Luma ``(H, line size)``, then both chroma planes of half its size, rounded up."""

    def yuv(self, colours: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Turn ``(..., 3)`` RGB into this picture's YUV."""
        return yuv_from_rgb(colours, self.frame)

    def draw(self, strokes: npt.NDArray[np.float32], colours: npt.NDArray[np.uint8]) -> None:
        """Blend ``(S, 8)`` strokes, see `draw_strokes`, with ``(S, 3)`` RGB colours."""
        if len(strokes):
            y, u, v = self.lines
            yuv = self.yuv(np.concatenate([colours, [OUTLINE]]))
            draw_strokes(y, u, v, self.width, strokes, yuv[:-1], yuv[-1])

    def stamp(self, mask: Mask, corner: tuple[int, int], *, colour: RGB) -> None:
        """Blend one colour through a mask.

        Args:
            mask: Opacity of each pixel.
            corner: Left and top of the mask, even frame pixels; it may stick out.
            colour: RGB.
        """
        left, top = corner
        values = self.yuv(colour).tolist()
        half = (self.width + 1) // 2
        y, u, v = self.lines
        blend_mask(y, self.width, left, top, mask.fine, values[0])
        blend_mask(u, half, left // 2, top // 2, mask.coarse, values[1])
        blend_mask(v, half, left // 2, top // 2, mask.coarse, values[2])


def bounded(
    boxes: npt.NDArray[np.floating], size: tuple[int, int], *, margin: float = 0.0
) -> npt.NDArray[np.float64]:
    """Clip ``(..., 4)`` boxes to the frame, ``margin`` inside; what is not a number goes to 0."""
    width, height = size
    low = np.full(4, margin)
    high = np.maximum(np.array([width, height, width, height]) - margin, low)
    finite = np.nan_to_num(boxes.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf)
    return np.clip(finite, low, high)


def _lines(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)

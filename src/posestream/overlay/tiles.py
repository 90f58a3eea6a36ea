"""Bring pictures of any size and colours to the size and the colours of a mosaic's tiles."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from posestream.compilation import compiled
from posestream.images import HostImage, Image
from posestream.overlay.blending import Plane
from posestream.overlay.canvas import Canvas
from posestream.overlay.colours import chroma_to_bt709

SQUARE = Fraction(1)


class TileScaler:
    """Scales pictures to fit into tiles, never through RGB; one thread at a time may use it.

    What it makes is BT.709 of limited range, tagged so, whatever the pictures are.
    """

    def __init__(self) -> None:
        self._scaler = VideoReformatter()

    def fit(
        self, image: Image, room: tuple[int, int], *, pixel_aspect: Fraction = SQUARE
    ) -> HostImage:
        """Return a picture as large as fits, of even sides; treat it as read-only.

        Args:
            image: The picture; stays as it is, and may be what is returned.
            room: Width and height of the tile, even pixels.
            pixel_aspect: Width of the picture's pixels over their height; what is returned has
                square ones.
        """
        if isinstance(image, HostImage) and image.frame.format.name == "yuv420p":
            source = image
        else:
            source = image.yuv420p_copy()
        width, height = fitted_size(source.size, room, pixel_aspect=pixel_aspect)
        small = self._scaler.reformat(
            source.frame,
            width=width,
            height=height,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        # The size that tells the colours of untagged video is that of the original.
        matrix = chroma_to_bt709(source.frame)
        if matrix is not None:
            if small is source.frame:
                small = source.yuv420p_copy().frame
            y, u, v = Canvas(HostImage(small)).lines
            _recolour(y, u, v, small.width // 2, matrix)
        if small is not source.frame:
            small.colorspace, small.color_range = Colorspace.ITU709, ColorRange.MPEG
        return HostImage(small)


def fitted_size(
    size: tuple[int, int], room: tuple[int, int], *, pixel_aspect: Fraction = SQUARE
) -> tuple[int, int]:
    """Return the largest even width and height of a picture's shape, at most those of its room."""
    wide = size[0] * float(pixel_aspect)
    scale = min(room[0] / wide, room[1] / size[1])
    width, height = (
        max(2, min(limit, 2 * round(side * scale / 2)))
        for side, limit in zip((wide, size[1]), room, strict=True)
    )
    return width, height


@compiled(fastmath=True)
def _recolour(y: Plane, u: Plane, v: Plane, columns: int, matrix: npt.NDArray[np.float32]) -> None:
    """Change a picture's YUV in place.

    Args:
        y: ``(2h, line size)`` luma.
        u: ``(h, line size)`` blue difference.
        v: Red difference, as ``u``.
        columns: Pixels of a line of ``u`` that are picture.
        matrix: ``(3, 2)`` what u and v, less 128, add to y, make u, and make v.
    """
    half, middle, least, most = np.float32(0.5), np.float32(128), np.float32(0), np.float32(255)
    for row in range(u.shape[0]):
        for column in range(columns):
            blue, red = np.float32(u[row, column]) - middle, np.float32(v[row, column]) - middle
            new_u = matrix[1, 0] * blue + matrix[1, 1] * red + middle + half
            new_v = matrix[2, 0] * blue + matrix[2, 1] * red + middle + half
            u[row, column] = np.uint8(min(max(new_u, least), most))
            v[row, column] = np.uint8(min(max(new_v, least), most))
            more = matrix[0, 0] * blue + matrix[0, 1] * red + half
            for line in range(2 * row, 2 * row + 2):
                for pixel in range(2 * column, 2 * column + 2):
                    luma = np.float32(y[line, pixel]) + more
                    y[line, pixel] = np.uint8(min(max(luma, least), most))

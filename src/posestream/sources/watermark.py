"""Write a stream's mark and a frame's number into a picture, to survive what happens to it.

Sixty-four light or dark blocks, four rows of sixteen, fill the lower third: 24 bits of stream mark,
24 bits of frame number, 16 bits of checksum. They are read back after lossy encoding and after
scaling to a tile, and tell whether a picture belongs where it was found.
"""

from __future__ import annotations

import functools
import zlib

import cv2
import numpy as np
import numpy.typing as npt

NUMBERS = 1 << 24
"""Frame numbers are written modulo this: six days at 30 frames a second."""

_ROWS, _COLUMNS = 4, 16
_DARK, _LIGHT = 30, 220
_THRESHOLD = 128
_SAMPLES = 4  # per block and direction, of which the outer ones are left out


def stream_mark(name: str) -> int:
    """Return the 24 bits by which a watermark tells the stream of this name from others."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) & 0xFFFFFF


def draw_watermark(luma: npt.NDArray[np.uint8], *, mark: int, number: int) -> None:
    """Draw a watermark over the lower third of a picture.

    Args:
        luma: ``(H, W)`` plane that is drawn on.
        mark: A stream's mark, as `stream_mark` returns it.
        number: The frame's number; written modulo `NUMBERS`.
    """
    height, width = luma.shape
    edges, columns = _grid(height, width)
    blocks = np.where(_bits(mark, number % NUMBERS), _LIGHT, _DARK).astype(np.uint8)
    for row in range(_ROWS):
        luma[edges[row] : edges[row + 1]] = blocks[row, columns]


def read_watermark(rgb: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """Read the stream's mark and the frame's number back from a picture of any size.

    Args:
        rgb: ``(H, W, 3)`` the whole picture and nothing around it.

    Raises:
        ValueError: If the picture has no watermark, or one that is damaged.
    """
    edges, _ = _grid(*rgb.shape[:2])
    band = rgb[edges[0] :].mean(axis=2, dtype=np.float32)
    size = (_COLUMNS * _SAMPLES, _ROWS * _SAMPLES)
    samples = cv2.resize(band, size, interpolation=cv2.INTER_AREA)
    blocks = samples.reshape(_ROWS, _SAMPLES, _COLUMNS, _SAMPLES)[:, 1:-1, :, 1:-1]
    bits = blocks.mean(axis=(1, 3)) > _THRESHOLD
    value = int.from_bytes(np.packbits(bits).tobytes(), "big")
    mark, number = value >> 40, value >> 16 & (NUMBERS - 1)
    if not np.array_equal(bits, _bits(mark, number)):
        raise ValueError(f"a picture of {rgb.shape[1]} x {rgb.shape[0]} shows no watermark")
    return mark, number


def _bits(mark: int, number: int) -> npt.NDArray[np.bool_]:
    """Return the ``(4, 16)`` blocks, True for light."""
    content = mark.to_bytes(3, "big") + number.to_bytes(3, "big")
    # Inverted, so that neither a black nor a white picture has the right checksum.
    checksum = ~zlib.crc32(content) & 0xFFFF
    octets = np.frombuffer(content + checksum.to_bytes(2, "big"), np.uint8)
    return np.unpackbits(octets).reshape(_ROWS, _COLUMNS).astype(bool)


@functools.lru_cache(maxsize=64)
def _grid(height: int, width: int) -> tuple[tuple[int, ...], npt.NDArray[np.intp]]:
    """Return the rows where blocks begin, the end included, and each column's block."""
    top = height * 2 // 3
    edges = tuple(top + (height - top) * row // _ROWS for row in range(_ROWS + 1))
    return edges, np.arange(width) * _COLUMNS // width

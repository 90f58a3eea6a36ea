"""Colours as people name them (RGB), and as a frame stores them (YUV)."""

from __future__ import annotations

import zlib

import av
import numpy as np
import numpy.typing as npt

RGB = tuple[int, int, int]

LEFT: RGB = (56, 176, 255)
RIGHT: RGB = (255, 143, 28)
MIDDLE: RGB = (245, 245, 240)
OUTLINE: RGB = (14, 16, 20)
"""Blue and orange stay apart for every common colour blindness; white lies between them."""

IDENTITIES: tuple[RGB, ...] = (
    (0, 158, 115),
    (213, 94, 0),
    (86, 180, 233),
    (204, 121, 167),
    (240, 228, 66),
    (122, 104, 214),
    (230, 159, 0),
    (0, 114, 178),
    (158, 218, 142),
    (196, 66, 96),
)
"""Colours of tracks, neighbours far apart; track ``i`` takes colour ``i`` modulo their number.

Source:
    The first seven without the sixth, and the eighth: Okabe and Ito 2008, Color Universal Design.
"""

_LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
}
"""Weight of red and of blue in luma, by FFmpeg's number of the matrix."""
_BT709, _BT601 = 1, 6
_FULL_RANGE = 2
_HD_HEIGHT = 720


def yuv_from_rgb(colours: npt.ArrayLike, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """Turn ``(..., 3)`` RGB in 0..255 into the YUV of a frame's matrix and range.

    Untagged frames are taken for BT.709 from 720 lines on, as players take them.
    """
    red_weight, blue_weight = _luma_weights(frame)
    rgb = np.asarray(colours, np.float64) / 255
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    chroma_blue = (blue - luma) / (2 * (1 - blue_weight))
    chroma_red = (red - luma) / (2 * (1 - red_weight))
    full = int(frame.color_range) == _FULL_RANGE
    offset, luma_span, chroma_span = (0, 255, 255) if full else (16, 219, 224)
    planes = (
        offset + luma_span * luma,
        128 + chroma_span * chroma_blue,
        128 + chroma_span * chroma_red,
    )
    return np.clip(np.round(np.stack(planes, axis=-1)), 0, 255).astype(np.uint8)


def chroma_to_bt709(frame: av.VideoFrame) -> npt.NDArray[np.float32] | None:
    """Return how a frame's chroma goes into BT.709 of limited range, see `yuv_from_rgb`.

    Returns:
        ``(3, 2)`` what blue and red difference, in steps of limited range, add to luma, make of
        blue and make of red difference; ``None`` where the frame is BT.709 already.
    """
    weights = _luma_weights(frame)
    if weights == _LUMA_WEIGHTS[_BT709]:
        return None
    change = _from_rgb(*_LUMA_WEIGHTS[_BT709]) @ np.linalg.inv(_from_rgb(*weights))
    steps = np.array([219, 224, 224])
    return (change * steps[:, None] / steps)[:, 1:].astype(np.float32)


def identity_colour(identity: int) -> RGB | None:
    """Return the colour of a track; ``None`` for -1, somebody whom nobody tracks."""
    return IDENTITIES[identity % len(IDENTITIES)] if identity >= 0 else None


def label_colour(label: str) -> RGB:
    """Return the colour of a kind of object, the same in every run."""
    return IDENTITIES[zlib.crc32(label.encode()) % len(IDENTITIES)]


def readable_on(background: RGB) -> RGB:
    """Return black or white, whichever stands out more on a colour."""
    red, green, blue = background
    return OUTLINE if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else MIDDLE


def _luma_weights(frame: av.VideoFrame) -> tuple[float, float]:
    """Return the weights of red and of blue in a frame's luma."""
    guess = _BT709 if frame.height >= _HD_HEIGHT else _BT601
    return _LUMA_WEIGHTS.get(int(frame.colorspace), _LUMA_WEIGHTS[guess])


def _from_rgb(red_weight: float, blue_weight: float) -> npt.NDArray[np.float64]:
    """Return the ``(3, 3)`` matrix that makes luma and both differences, in [-0.5, 0.5], of RGB."""
    luma = np.array([red_weight, 1 - red_weight - blue_weight, blue_weight])
    red, blue = np.array([1, 0, 0]), np.array([0, 0, 1])
    return np.stack(
        [luma, (blue - luma) / (2 * (1 - blue_weight)), (red - luma) / (2 * (1 - red_weight))]
    )

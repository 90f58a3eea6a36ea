"""Text as opacity masks, and where a label goes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from posestream.overlay.canvas import Canvas, Mask
from posestream.overlay.colours import RGB, readable_on

_FONT = cv2.FONT_HERSHEY_DUPLEX
_OVERSAMPLING = 4
_BACKGROUND_OPACITY = 0.78


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A text on a rounded background, ready to be put onto frames.

    Both masks have the same size.
    """

    background: Mask
    """Opacity of the background."""
    text: Mask
    """Opacity of the letters."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        height, width = self.text.fine.shape
        return width, height


@functools.lru_cache(maxsize=1024)
def label(text: str, height: int) -> Label:
    """Set a text; what is not ASCII is set as question marks.

    Args:
        text: One line.
        height: Of the background, pixels; rounded up to an even number.
    """
    text = text.encode("ascii", "replace").decode()
    height += height % 2
    tall = height * _OVERSAMPLING
    (_, letter), _ = cv2.getTextSize("0", _FONT, 1.0, 1)
    scale = 0.5 * tall / letter
    thickness = max(1, round(0.075 * tall))
    (text_width, letter), _ = cv2.getTextSize(text, _FONT, scale, thickness)
    padding = round(0.32 * tall)
    width = -(-(text_width + 2 * padding) // (2 * _OVERSAMPLING)) * 2
    ink = np.zeros((tall, width * _OVERSAMPLING), np.uint8)
    baseline = (tall + letter) // 2
    left = (ink.shape[1] - text_width) // 2
    cv2.putText(ink, text, (left, baseline), _FONT, scale, 255, thickness, cv2.LINE_AA)
    paper = np.zeros_like(ink)
    radius = round(0.25 * tall)
    corners = (radius, radius), (ink.shape[1] - radius - 1, tall - radius - 1)
    (x0, y0), (x1, y1) = corners
    cv2.rectangle(paper, (x0, 0), (x1, tall - 1), 255, cv2.FILLED)
    cv2.rectangle(paper, (0, y0), (ink.shape[1] - 1, y1), 255, cv2.FILLED)
    for x in (x0, x1):
        for y in (y0, y1):
            cv2.circle(paper, (x, y), radius, 255, cv2.FILLED)
    background = _reduced(paper, (width, height)) * np.float32(_BACKGROUND_OPACITY)
    return Label(Mask.of(background), Mask.of(_reduced(ink, (width, height))))


@functools.lru_cache(maxsize=1024)
def label_within(text: str, height: int, width: int) -> Label | None:
    """Set a text as `label` does, with dots for the end that does not fit.

    Args:
        text: One line.
        height: Of the background, pixels.
        width: What the background may take, pixels.

    Returns:
        The label; ``None`` where not even a letter fits.
    """
    made = label(text, height)
    kept = len(text)
    while made.size[0] > width:
        if kept <= 1:
            return None
        kept = min(kept - 1, max(1, kept * width // made.size[0]))
        made = label(text[:kept].rstrip() + "...", height)
    return made


def label_height(size: tuple[int, int]) -> int:
    """Return a legible height of labels for a frame's width and height, pixels."""
    return max(16, round(0.02 * float(np.sqrt(size[0] * size[1]))))


def put_label(
    canvas: Canvas,
    text: str,
    at: tuple[float, float],
    *,
    colour: RGB,
    centred: bool = False,
) -> None:
    """Write a text on a background, moved so that it lies within the frame where it fits.

    Args:
        canvas: What to draw on.
        text: One line.
        at: Left end, or middle, of the background's lower edge, frame pixels.
        colour: RGB of the background; the letters are black or white.
        centred: Whether ``at`` is the middle.
    """
    made = label(text, label_height((canvas.width, canvas.height)))
    width, height = made.size
    wanted = round(at[0] - width / 2 if centred else at[0])
    left = max(0, min(wanted, canvas.width - width)) // 2 * 2
    top = max(0, min(round(at[1]) - height, canvas.height - height)) // 2 * 2
    canvas.stamp(made.background, (left, top), colour=colour)
    canvas.stamp(made.text, (left, top), colour=readable_on(colour))


def put_lines(
    canvas: Canvas,
    texts: Sequence[str],
    at: tuple[float, float],
    *,
    colour: RGB,
    centred: bool = False,
) -> None:
    """Write texts one under the other, as `put_label` writes one; the last one's edge is at ``at``.

    All of them move down where the first would leave the frame.
    """
    step = label_height((canvas.width, canvas.height))
    step += step % 2
    lowest = max(at[1], step * len(texts))
    for place, text in enumerate(texts):
        edge = lowest - step * (len(texts) - 1 - place)
        put_label(canvas, text, (at[0], edge), colour=colour, centred=centred)


def _reduced(mask: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.float32]:
    small = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    return np.divide(small, 255, dtype=np.float32)

"""Zones as tinted areas, lines with an arrow each way, and what was counted there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from posestream.overlay.canvas import Canvas, Mask
from posestream.overlay.colours import OUTLINE, RGB, label_colour
from posestream.overlay.strokes import STROKE_FIELDS
from posestream.overlay.text import label_height, put_label
from posestream.shapes import Size, pixels_of
from posestream.zones import Counts, Line, Zone

Floats = npt.NDArray[np.float64]

_TINT = 0.2
_ARROW_HEIGHTS = 2.2
"""Length of an arrow, in heights of a label."""
_NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """Everything of one frame size but the numbers."""

    tints: tuple[tuple[Mask, tuple[int, int], RGB], ...]
    """Mask, left and top of each zone's part of the frame, and its colour."""
    strokes: npt.NDArray[np.float32]
    """``(S, 8)`` outlines, lines and arrows."""
    colours: npt.NDArray[np.uint8]
    """``(S, 3)`` RGB of the strokes."""
    names: tuple[tuple[float, float], ...]
    """Where the name of each zone, then of each line, is written."""
    tips: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    """Where the two directions of each line are written."""


class ZonePainter:
    """Draws the zones and lines of one stream.

    Args:
        zones: Areas.
        lines: Lines.
    """

    def __init__(self, zones: Sequence[Zone] = (), lines: Sequence[Line] = ()) -> None:
        self._zones, self._lines = tuple(zones), tuple(lines)
        self._first_size: Size | None = None
        self._layer: tuple[Size, _Layer] | None = None

    def draw(self, canvas: Canvas, counts: Counts = _NO_COUNTS) -> None:
        """Draw them onto a frame.

        Args:
            canvas: What to draw on.
            counts: Numbers to write, from a watcher of the same zones and lines; none by default.
        """
        size = (canvas.width, canvas.height)
        self._first_size = self._first_size or size
        if self._layer is None or self._layer[0] != size:
            self._layer = (size, self._made(size))
        layer = self._layer[1]
        for mask, corner, colour in layer.tints:
            canvas.stamp(mask, corner, colour=colour)
        canvas.draw(layer.strokes, layer.colours)
        self._write(canvas, layer, counts)

    def _write(self, canvas: Canvas, layer: _Layer, counts: Counts) -> None:
        places = (*self._zones, *self._lines)
        present = [f"  {zone.present}" for zone in counts.zones]
        present += [""] * (len(places) - len(present))
        for place, at, number in zip(places, layer.names, present, strict=True):
            text = f"{place.name}{number}"
            put_label(canvas, text, at, colour=label_colour(place.name), centred=True)
        crossed = [line.crossed for line in counts.lines] or [None] * len(self._lines)
        for line, ends, numbers in zip(self._lines, layer.tips, crossed, strict=True):
            for way, at in enumerate(ends):
                number = "" if numbers is None else f"  {numbers[way]}"
                put_label(
                    canvas, f"{line.directions[way]}{number}", at, colour=OUTLINE, centred=True
                )

    def _made(self, size: Size) -> _Layer:
        text = label_height(size)
        width = max(2.0, text / 8)
        parts: list[tuple[Floats, RGB]] = []
        tints, names, tips = [], [], []
        for zone in self._zones:
            corners = self._pixels(zone.polygon, zone.drawn_on, size)
            colour = label_colour(zone.name)
            if tint := _tint(corners, size):
                tints.append((*tint, colour))
            parts.append((np.stack([corners, np.roll(corners, -1, axis=0)], axis=1), colour))
            inside = np.clip(corners, 0, size)
            names.append((float(inside[:, 0].mean()), float(inside[:, 1].min()) + text))
        for line in self._lines:
            ends = self._pixels((line.start, line.end), line.drawn_on, size)
            ways, places = _arrows(ends, _ARROW_HEIGHTS * text, text)
            parts.append((np.concatenate([ends[None], ways]), label_colour(line.name)))
            names.append((float(ends[0, 0]), float(ends[0, 1])))
            tips.append(places)
        strokes = [_strokes(segments, width) for segments, _ in parts]
        rgb = [np.tile(np.array(colour, np.uint8), (len(part), 1)) for part, colour in parts]
        return _Layer(
            tuple(tints),
            np.concatenate([np.zeros((0, STROKE_FIELDS), np.float32), *strokes]),
            np.concatenate([np.zeros((0, 3), np.uint8), *rgb]),
            tuple(names),
            tuple(tips),
        )

    def _pixels(
        self, points: Sequence[tuple[float, float]], drawn_on: Size | None, size: Size
    ) -> Floats:
        """Return ``(V, 2)`` points of a frame, none farther outside than twice its size."""
        extent = np.asarray(size, np.float64)
        at = pixels_of(points, size, drawn_on=drawn_on or self._first_size)
        return np.clip(at, -2 * extent, 3 * extent)


def draw_segments(
    canvas: Canvas, segments: npt.NDArray[np.floating], *, colour: RGB, opacity: float = 0.6
) -> None:
    """Draw thin lines, such as those of a grid.

    Args:
        canvas: What to draw on.
        segments: ``(S, 2, 2)`` both ends of each, frame pixels, within some frame sizes of it.
        colour: RGB.
        opacity: Of the lines, in [0, 1].
    """
    strokes = _strokes(np.asarray(segments, np.float64), 1.0)
    strokes[:, 6] *= opacity
    strokes[:, 7] *= opacity / 2
    canvas.draw(strokes, np.tile(np.array(colour, np.uint8), (len(strokes), 1)))


def _tint(corners: Floats, size: Size) -> tuple[Mask, tuple[int, int]] | None:
    """Return the part of a polygon within the frame as a mask, with its left and top."""
    most = np.asarray(size)
    first = np.clip(np.floor(corners.min(axis=0)), 0, most).astype(int) // 2 * 2
    last = np.clip(np.ceil(corners.max(axis=0)), 0, most).astype(int)
    width, height = (last - first + (last - first) % 2).tolist()
    if width <= 0 or height <= 0:
        return None
    area = np.zeros((height, width), np.uint8)
    fixed = np.round((corners - first - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(area, [fixed], 255, cv2.LINE_AA, 4)
    opacity = area.astype(np.float32) * np.float32(_TINT / 255)
    return Mask.of(opacity), (int(first[0]), int(first[1]))


def _arrows(
    ends: Floats, length: float, text: float
) -> tuple[Floats, tuple[tuple[float, float], tuple[float, float]]]:
    """Return a line's two arrows as ``(6, 2, 2)`` segments, and where their labels go."""
    way = ends[1] - ends[0]
    along = way / np.hypot(*way)
    right = np.array([-along[1], along[0]])  # as seen from the start, on a screen
    middle = ends.mean(axis=0)
    segments, places = [], []
    for sign in (1, -1):
        tip = middle + sign * length * right
        barbs = [tip - 0.4 * length * (sign * right + turn * along) for turn in (0.6, -0.6)]
        segments += [(middle, tip), (barbs[0], tip), (barbs[1], tip)]
        x, y = tip + sign * 0.9 * text * right
        places.append((float(x), float(y) + text / 2))
    return np.array(segments), (places[0], places[1])


def _strokes(segments: Floats, width: float) -> npt.NDArray[np.float32]:
    """Turn ``(S, 2, 2)`` segments into ``(S, 8)`` strokes with a dark rim."""
    strokes = np.empty((len(segments), STROKE_FIELDS), np.float32)
    strokes[:, :4] = segments.reshape(-1, 4)
    strokes[:, 4:] = (width / 2, max(0.5, width / 4), 0.9, 0.5)
    return strokes

"""Events on the picture: a stripe along the top, and a banner at the person."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from posestream.events import FALL, LONG_LIE, RECOVERED, Event
from posestream.overlay.canvas import Canvas, Mask, bounded
from posestream.overlay.colours import RGB, label_colour, readable_on
from posestream.overlay.skeletons import box_strokes, limb_widths
from posestream.overlay.text import label_height, label_within, put_label
from posestream.types import Result

COLOURS: dict[str, RGB] = {
    FALL: (200, 30, 30),
    LONG_LIE: (140, 0, 70),
    RECOVERED: (0, 130, 90),
}
"""Colours of what matters most and goes before the rest; other kinds have one by their name."""

_STRIPES = 3
_STRIPE_HEIGHT = 1.5
"""Height of a stripe per height of a label."""
_STRIPE_OPACITY = 0.82
_REMEMBERED = 20


class RecentEvents:
    """Remembers the events of one stream for some seconds of its own time.

    Where its time goes back, as in a video that begins again, later events are forgotten.

    Args:
        show_s: How long, seconds.
    """

    def __init__(self, *, show_s: float = 4.0) -> None:
        self._show_s = show_s
        self._events: list[Event] = []

    def after(self, result: Result) -> list[Event]:
        """Take note of a frame's events; return all that are to be shown on it, latest first."""
        self._events = [
            event
            for event in (*self._events, *result.events)
            if 0 <= result.pts_s - event.pts_s < self._show_s
        ][-_REMEMBERED:]
        return self._events[::-1]


def draw_stripes(canvas: Canvas, events: Sequence[Event]) -> int:
    """Write the weightiest and latest events along the top; return the height they take, pixels."""
    size = (canvas.width, canvas.height)
    line = label_height(size)
    height = math.ceil(_STRIPE_HEIGHT * line / 2) * 2
    count = min(len(events), _STRIPES, max(1, canvas.height // (4 * height)))
    for place, event in enumerate(_by_weight(events)[:count]):
        colour, top = event_colour(event.kind), place * height
        canvas.stamp(_stripe(canvas.width, height), (0, top), colour=colour)
        made = label_within(_sentence(event), line, canvas.width)
        if made is not None:
            corner = (0, top + (height - made.size[1]) // 4 * 2)
            canvas.stamp(made.text, corner, colour=readable_on(colour))
    return count * height


def draw_banners(canvas: Canvas, result: Result, events: Sequence[Event]) -> None:
    """Mark each person to whom something happened with its latest: a box, and words under it."""
    size = (canvas.width, canvas.height)
    ids = result.tracks.ids.tolist()
    latest = {event.track: event for event in reversed(_by_weight(events)) if event.track >= 0}
    for track, event in latest.items():
        if track not in ids:
            continue
        row = ids.index(track)
        box, colour = result.poses.boxes[row : row + 1], event_colour(event.kind)
        if not np.isfinite(box).all():
            continue
        canvas.draw(
            *box_strokes(box, size, widths=2.5 * limb_widths(box, size, None), colours=[colour])
        )
        left, _, _, bottom = bounded(box[0], size).tolist()
        place = (left, bottom + label_height(size) + 2)
        put_label(canvas, f"{_words(event.kind)}  #{track}", place, colour=colour)


def event_colour(kind: str) -> RGB:
    """Return the colour of a kind of event, the same in every run."""
    return COLOURS.get(kind) or label_colour(kind)


def _by_weight(events: Sequence[Event]) -> list[Event]:
    """Return events, latest first, with those first that must not be crowded out by visitors."""
    return sorted(events, key=lambda event: event.kind not in COLOURS)


def _sentence(event: Event) -> str:
    parts = [_words(event.kind), event.stream]
    if event.zone is not None:
        parts.append(event.zone)
    if event.direction is not None:
        parts.append(event.direction)
    if event.track >= 0:
        parts.append(f"#{event.track}")
    return "  ".join([*parts, f"{event.confidence:.2f}"])


def _words(kind: str) -> str:
    return kind.replace("_", " ").upper()


@functools.lru_cache(maxsize=64)
def _stripe(width: int, height: int) -> Mask:
    return Mask.of(np.full((height, width + width % 2), _STRIPE_OPACITY, np.float32))

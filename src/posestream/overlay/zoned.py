"""Draw a stream's zones over whatever else is drawn."""

from __future__ import annotations

from typing import Protocol

from posestream.images import HostImage, Image
from posestream.overlay.canvas import Canvas
from posestream.overlay.zones import ZonePainter
from posestream.types import Result
from posestream.zones import Counts


class _Annotator(Protocol):
    def draw(self, image: Image, result: Result) -> HostImage: ...

    def draw_skeletons(self, image: Image, result: Result) -> HostImage: ...


class ZonedAnnotator:
    """Draws one stream's zones, lines and counts on annotated frames.

    Args:
        annotator: Draws everything else, first.
        painter: Draws the zones.
    """

    def __init__(self, annotator: _Annotator, painter: ZonePainter) -> None:
        self._annotator = annotator
        self._painter = painter

    def draw(self, image: Image, result: Result) -> HostImage:
        """Return an annotated copy of a frame with the zones on it."""
        drawn = self._annotator.draw(image, result)
        self._painter.draw(Canvas(drawn), result.counts or Counts())
        return drawn

    def only_skeletons(self, result: Result) -> bool:
        """Tell that there is always more to draw than skeletons."""
        return False

    def draw_skeletons(self, image: Image, result: Result) -> HostImage:
        """Return a copy of a frame with skeletons on it and nothing else."""
        return self._annotator.draw_skeletons(image, result)

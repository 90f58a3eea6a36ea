"""Draw what was found in a frame onto a copy of it."""

from __future__ import annotations

import numpy as np

from posestream.errors import ConfigError
from posestream.events import Event
from posestream.images import HostImage, Image
from posestream.overlay.banners import RecentEvents, draw_banners, draw_stripes
from posestream.overlay.blurring import blur_head
from posestream.overlay.canvas import Canvas, bounded
from posestream.overlay.colours import MIDDLE, OUTLINE, identity_colour
from posestream.overlay.heads import Head, has_heads, heads
from posestream.overlay.objects import attribute_lines, draw_objects
from posestream.overlay.skeletons import SkeletonStyle, box_strokes, limb_widths
from posestream.overlay.text import label_height, put_lines
from posestream.topology import Topology
from posestream.types import Result


class Annotator:
    """Draws skeletons, and on request boxes, labels, the frame number and blurred faces.

    What happened is shown for some seconds of the stream's time: on a stripe along the top, and at
    the person whom it happened to. What secondary models found is drawn, too, where there are any:
    objects as boxes, people's attributes under their labels, the frame's own in the top left
    corner.

    Limbs of people whom somebody tracks have the colour of their identity; dots, and limbs of
    everybody else, that of their side.

    Everything is drawn on the luma and chroma planes: no frame is converted to RGB and back.
    Several threads may share one annotator.

    Args:
        topology: What the keypoints mean; colours and widths follow their names.
        min_keypoint_score: Keypoints under this score are not drawn.
        line_width: Width of limbs, pixels; by default from the frame's and the person's size.
        boxes: Draw a box around each person, in the colour of the person's id.
        labels: Write each person's id, if there is one, and score, above the head or on the box.
        frame_number: Write the frame's number and time into the top left corner.
        blur_faces: Make every head unrecognisable before anything is drawn.
        events_s: How long events are shown, seconds; 0 for not at all.

    Raises:
        ConfigError: If faces are to be blurred and the topology has none.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        min_keypoint_score: float = 0.3,
        line_width: float | None = None,
        boxes: bool = False,
        labels: bool = False,
        frame_number: bool = False,
        blur_faces: bool = False,
        events_s: float = 4.0,
    ) -> None:
        if blur_faces and not has_heads(topology):
            raise ConfigError(
                f"blur_faces: topology {topology.name!r} has no face or shoulders to find heads by"
            )
        self._topology = topology
        self._style = SkeletonStyle.of(topology)
        self._min_keypoint_score = min_keypoint_score
        self._line_width = line_width
        self._boxes = boxes
        self._labels = labels
        self._frame_number = frame_number
        self._blur_faces = blur_faces
        self._events_s = events_s
        self._always_more = boxes or labels or frame_number or blur_faces
        self._recent: dict[str, RecentEvents] = {}

    def draw(self, image: Image, result: Result) -> HostImage:
        """Return an 8-bit YUV 4:2:0 copy of a frame with its result drawn on it.

        Numbers that are not finite, or far outside the frame, are left out and never raise.
        """
        copy = image.yuv420p_copy()
        if len(result.poses) or result.objects:
            self._draw_found(Canvas(copy), result)
        events = self._recent_events(result)
        if events:
            draw_banners(Canvas(copy), result, events)
        corner = [f"{result.frame}  {_clock(result.pts_s)}"] if self._frame_number else []
        corner += attribute_lines(result.findings.frame_attributes, 0)
        top = draw_stripes(Canvas(copy), events) if events else 0
        if corner:
            step = label_height(copy.size) + 1
            put_lines(Canvas(copy), corner, (0, top and top + step * len(corner)), colour=OUTLINE)
        return copy

    def only_skeletons(self, result: Result) -> bool:
        """Tell whether skeletons are all there is to draw for a result, so that a GPU can.

        To be asked before the result is drawn, on the thread that draws its stream.
        """
        found = result.objects or result.attributes or result.findings.frame_attributes
        if self._always_more or result.events or found:
            return False
        recent = self._recent.get(result.stream)
        return recent is None or not recent.after(result)

    def draw_skeletons(self, image: Image, result: Result) -> HostImage:
        """Return a copy of a frame with skeletons on it and nothing else; on any thread."""
        copy = image.yuv420p_copy()
        if len(result.poses):
            self._draw_people(Canvas(copy), result, None)
        return copy

    def _recent_events(self, result: Result) -> list[Event]:
        """Return what happened lately in a stream; each stream is drawn by one thread."""
        if not self._events_s:
            return []
        recent = self._recent.get(result.stream)
        if recent is None:
            if not result.events:
                return []
            recent = self._recent.setdefault(result.stream, RecentEvents(show_s=self._events_s))
        return recent.after(result)

    def _draw_found(self, canvas: Canvas, result: Result) -> None:
        """Blur, then draw objects, then people over them."""
        writes = self._labels or bool(result.attributes)
        wanted = self._blur_faces or writes
        head_of = heads(result.poses, self._topology) if wanted else []
        if self._blur_faces:
            for head in head_of:
                if head is not None:
                    blur_head(canvas, head)
        draw_objects(canvas, result.objects.values(), width=self._line_width)
        if len(result.poses):
            self._draw_people(canvas, result, head_of if writes else None)

    def _draw_people(
        self, canvas: Canvas, result: Result, head_of: list[Head | None] | None
    ) -> None:
        """Draw everyone, and write labels where heads are given."""
        poses, size = result.poses, (canvas.width, canvas.height)
        widths = limb_widths(poses.boxes, size, self._line_width)
        # A box or a label around nothing that can be seen would only puzzle.
        seen = np.flatnonzero((poses.keypoint_scores >= self._min_keypoint_score).any(axis=1))
        if self._boxes:
            colours = [identity_colour(i) or MIDDLE for i in result.tracks.ids[seen].tolist()]
            boxes = poses.boxes[seen]
            canvas.draw(*box_strokes(boxes, size, widths=widths[seen], colours=colours))
        strokes = self._style.strokes(
            poses,
            size,
            threshold=self._min_keypoint_score,
            widths=widths,
            ids=result.tracks.ids,
        )
        canvas.draw(*strokes)
        if head_of is not None:
            for p in reversed(seen.tolist()):  # the best person's last, so that none covers it
                self._write_label(canvas, result, p, head_of[p])

    def _write_label(self, canvas: Canvas, result: Result, p: int, head: Head | None) -> None:
        identity, score = int(result.tracks.ids[p]), float(result.poses.scores[p])
        lines = [f"#{identity}  {score:.2f}" if identity >= 0 else f"{score:.2f}"]
        lines = lines * self._labels + attribute_lines(result.attributes, p)
        colour = identity_colour(identity) or OUTLINE
        left, top, right, _ = bounded(result.poses.boxes[p], (canvas.width, canvas.height)).tolist()
        if self._boxes:
            put_lines(canvas, lines, (left, top), colour=colour)
        elif head is not None:
            above = (head.centre[0], head.centre[1] - head.half_height)
            put_lines(canvas, lines, above, colour=colour, centred=True)
        else:
            put_lines(canvas, lines, ((left + right) / 2, top), colour=colour, centred=True)


def _clock(seconds: float) -> str:
    """Write a time as ``0:00:04.100``."""
    milliseconds = round(seconds * 1000)
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{milliseconds / 1000:06.3f}"

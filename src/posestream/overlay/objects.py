"""What secondary models found: objects as labelled boxes, attributes as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from posestream.findings import Attributes, Detections, label_of
from posestream.overlay.canvas import Canvas, bounded
from posestream.overlay.colours import label_colour
from posestream.overlay.skeletons import box_strokes, limb_widths
from posestream.overlay.text import put_label


def draw_objects(canvas: Canvas, found: Iterable[Detections], *, width: float | None) -> None:
    """Draw a box around each object, in the colour of its kind, with its label on it.

    Args:
        canvas: What to draw on.
        found: The objects of each model.
        width: Width of limbs, pixels, which boxes follow; by default from the frame and the box.
    """
    size = (canvas.width, canvas.height)
    for objects in found:
        labels, scores = objects.labels, objects.scores.tolist()
        colours = [label_colour(label) for label in labels]
        widths = limb_widths(objects.boxes, size, width)
        canvas.draw(*box_strokes(objects.boxes, size, widths=widths, colours=colours))
        corners = bounded(objects.boxes, size)[:, :2].tolist()
        for n in reversed(range(len(labels))):  # the surest last, so that none covers it
            left, top = corners[n]
            text = f"{labels[n]}  {scores[n]:.2f}"
            put_label(canvas, text, (left, top), colour=colours[n])


def attribute_lines(attributes: Mapping[str, Attributes], row: int) -> list[str]:
    """Return a line of text for each label of a row: model, label and confidence."""
    return [
        f"{model}: {label_of(int(found.classes[row]), found.names)}  {found.scores[row]:.2f}"
        for model, found in attributes.items()
        if found.classes[row] >= 0
    ]

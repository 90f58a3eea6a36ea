"""A page on which zones, lines and the ground are clicked, for settings to copy.

It holds the picture and everything else it needs; it opens without a server and loads nothing.
"""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from posestream.config_zones import ZonesConfig
from posestream.images import Image
from posestream.picking.sheet import encoded
from posestream.shapes import Point, Size, in_fractions, pixels_of


def picker_page(image: Image, settings: ZonesConfig) -> str:
    """Return the page for a frame, with the zones there are on it.

    Args:
        image: The frame.
        settings: What is already known; kept, and may be moved.
    """
    size = image.size
    picture = base64.b64encode(encoded(image.yuv420p_copy(), ".jpg")).decode()
    state = {
        "width": size[0],
        "height": size[1],
        "picture": f"data:image/jpeg;base64,{picture}",
        "pixels": False,
        "shapes": _shapes(settings, size),
    }
    page = (files("posestream.picking") / "page.html").read_text(encoding="utf-8")
    # A name must not be able to end the script it stands in.
    return page.replace("__STATE__", json.dumps(state).replace("<", "\\u003c"), 1)


def _shapes(settings: ZonesConfig, size: Size) -> list[dict[str, Any]]:
    shapes: list[dict[str, Any]] = []
    for name, zone in settings.zones.items():
        points = _fractions(zone.polygon, size, zone.drawn_on)
        shapes.append({"kind": "zone", "name": name, "points": points, "rest": _rest(zone)})
    for name, line in settings.lines.items():
        points = _fractions((line.start, line.end), size, line.drawn_on)
        rest = {"directions": list(line.directions), **_rest(line)}
        shapes.append({"kind": "line", "name": name, "points": points, "rest": rest})
    if (ground := settings.ground) is not None:
        points = _fractions(ground.picture, size, ground.drawn_on)
        metres = [list(point) for point in ground.metres]
        shapes.append(
            {"kind": "ground", "name": "ground", "points": points, "metres": metres, "rest": {}}
        )
    return shapes


def _rest(shape: BaseModel) -> dict[str, Any]:
    """Return the settings that were given beside the points."""
    places = {"polygon", "start", "end", "drawn_on"}
    return shape.model_dump(mode="json", exclude_unset=True, exclude=places)


def _fractions(
    points: tuple[Point, ...], size: Size, drawn_on: Size | None
) -> list[tuple[float, float]]:
    if in_fractions(points):
        return list(points)
    at = pixels_of(points, size, drawn_on=drawn_on) / size
    return [(float(x), float(y)) for x, y in at.tolist()]

"""Settings of zones, lines and the ground of a stream."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from posestream.analytics.ground import GroundPlane
from posestream.config_input import split_numbers
from posestream.shapes import checked_line, checked_polygon
from posestream.zones import FEET, Anchor, Line, Zone

_STRICT = ConfigDict(extra="forbid", frozen=True)


def _split_points(value: Any) -> Any:
    """Turn ``0.1,0.2;0.3,0.4`` into points, as on the command line."""
    if not isinstance(value, str):
        return value
    points = [part.split(",") for part in value.split(";") if part.strip()]
    if any(len(point) != 2 for point in points):
        raise ValueError("must be points x,y with ';' between them")
    return points


def _listed(value: Any) -> Any:
    return re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else value


PlanePoint = tuple[float, float]
Points = Annotated[tuple[PlanePoint, ...], BeforeValidator(_split_points)]
FourPoints = Annotated[
    tuple[PlanePoint, PlanePoint, PlanePoint, PlanePoint], BeforeValidator(_split_points)
]
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\s](.*[^\s])?$")]
Word = Annotated[str, Field(min_length=1, max_length=30)]
Names = Annotated[tuple[Word, ...], Field(min_length=1), BeforeValidator(_listed)]
Side = Annotated[int, Field(ge=1, le=65_535)]
DrawnOn = Annotated[tuple[Side, Side], BeforeValidator(split_numbers)]
Seconds = Annotated[float, Field(ge=0, le=86_400)]

_ANCHOR = "Where a person is: feet, or names of keypoints."
_DRAWN_ON = (
    "Size of the picture that pixels are of, such as 1280x720; by default the first frame's."
)


class ZoneConfig(BaseModel):
    """One zone."""

    model_config = _STRICT

    polygon: Annotated[Points, AfterValidator(checked_polygon)] = Field(
        description="Corners, fractions of the picture or pixels."
    )
    dwell: Annotated[float, Field(gt=0, le=86_400)] | None = Field(
        default=None, description="Tell of people who stay for this long, seconds."
    )
    anchor: Names = Field(default=("feet",), description=_ANCHOR)
    match: Literal["any", "all"] = Field(
        default="any", description="Whether any or all keypoints must be in it."
    )
    falls: bool = Field(
        default=True, description="Whether falls count here: not where people lie, as on a bed."
    )
    settle: Seconds = Field(default=0.3, description="In or out counts after this time, seconds.")
    drawn_on: DrawnOn | None = Field(default=None, description=_DRAWN_ON)

    def named(self, name: str) -> Zone:
        """Return the zone."""
        return Zone(
            name=name,
            polygon=self.polygon,
            dwell_s=self.dwell,
            anchor=_anchor(self.anchor, self.match),
            settle_s=self.settle,
            drawn_on=self.drawn_on,
        )


class LineConfig(BaseModel):
    """One line."""

    model_config = _STRICT

    start: PlanePoint = Field(alias="from", description="One end, fractions or pixels.")
    end: PlanePoint = Field(alias="to", description="The other end.")
    directions: Annotated[tuple[Word, Word], BeforeValidator(_listed)] = Field(
        default=("in", "out"),
        description="What the ways are called: to the right-hand side of who looks from one end "
        "to the other, and to the left.",
    )
    anchor: Names = Field(default=("feet",), description=_ANCHOR)
    match: Literal["any", "all"] = Field(
        default="any", description="Whether any or all keypoints must be seen."
    )
    settle: Seconds = Field(default=0.2, description="A crossing counts after this time, seconds.")
    drawn_on: DrawnOn | None = Field(default=None, description=_DRAWN_ON)

    @model_validator(mode="after")
    def _is_line(self) -> LineConfig:
        checked_line(self.start, self.end)
        if self.directions[0] == self.directions[1]:
            raise ValueError("directions must be two different words")
        return self

    def named(self, name: str) -> Line:
        """Return the line."""
        return Line(
            name=name,
            start=self.start,
            end=self.end,
            directions=self.directions,
            anchor=_anchor(self.anchor, self.match),
            settle_s=self.settle,
            drawn_on=self.drawn_on,
        )


class GroundConfig(BaseModel):
    """Four points of the ground, in the picture and in metres."""

    model_config = _STRICT

    picture: FourPoints = Field(description="Four points of the picture, fractions or pixels.")
    metres: FourPoints = Field(description="Where they are on the ground, metres.")
    drawn_on: DrawnOn | None = Field(default=None, description=_DRAWN_ON)

    @model_validator(mode="after")
    def _fixes_a_ground(self) -> GroundConfig:
        self.plane()
        return self

    def plane(self) -> GroundPlane:
        """Return the ground."""
        return GroundPlane(self.picture, self.metres, drawn_on=self.drawn_on)


class ZonesConfig(BaseModel):
    """What is watched in a stream."""

    model_config = _STRICT

    zones: dict[Name, ZoneConfig] = Field(default={}, description="Zones by their names.")
    lines: dict[Name, LineConfig] = Field(default={}, description="Lines by their names.")
    ground: GroundConfig | None = Field(
        default=None, description="Four points that make metres of pixels."
    )
    zone_grace: Seconds = Field(
        default=2.0, description="Somebody out of sight keeps their place so long, seconds."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> ZonesConfig:
        if both := sorted(self.zones.keys() & self.lines.keys()):
            raise ValueError(f"lines: {both[0]!r} is the name of a zone, too; use another")
        return self


ZONE_KEYS = frozenset(
    field.alias or name
    for model in (ZoneConfig, LineConfig, GroundConfig)
    for name, field in model.model_fields.items()
)
"""Keys that may stand within a zone, a line or the ground."""


def _anchor(names: tuple[str, ...], match: str) -> Anchor:
    if names == ("feet",):
        return FEET
    return Anchor(names, every=match == "all")

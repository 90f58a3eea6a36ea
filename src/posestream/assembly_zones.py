"""Settings of zones -> what watches, measures and draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from posestream.analytics.anchors import keypoint_columns
from posestream.analytics.speeds import SpeedMeter
from posestream.analytics.zones import ZoneWatcher
from posestream.config import read_yaml, validated
from posestream.config_zones import ZonesConfig
from posestream.errors import ConfigError, suggestion
from posestream.overlay.zones import ZonePainter
from posestream.topology import Topology
from posestream.zones import Line, Zone


def zones_and_lines(settings: ZonesConfig) -> tuple[tuple[Zone, ...], tuple[Line, ...]]:
    """Return all zones and lines, in their order."""
    zones = tuple(zone.named(name) for name, zone in settings.zones.items())
    return zones, tuple(line.named(name) for name, line in settings.lines.items())


def zone_watcher(
    settings: ZonesConfig,
    topology: Topology,
    *,
    stream: str = "",
    min_keypoint_score: float = 0.2,
) -> ZoneWatcher | None:
    """Return what watches one stream; ``None`` without zones and lines.

    Raises:
        ConfigError: If an anchor names a keypoint that the topology does not have.
    """
    zones, lines = zones_and_lines(settings)
    if not zones and not lines:
        return None
    for key, places in (("zones", zones), ("lines", lines)):
        for place in places:
            try:
                keypoint_columns(place.anchor, topology)
            except ConfigError as error:
                raise ConfigError(f"{key}.{place.name}.anchor: {error}") from None
    return ZoneWatcher(
        topology,
        zones=zones,
        lines=lines,
        stream=stream,
        min_keypoint_score=min_keypoint_score,
        grace_s=settings.zone_grace,
    )


def speed_meter(
    settings: ZonesConfig, topology: Topology, *, min_keypoint_score: float = 0.2
) -> SpeedMeter | None:
    """Return what measures the people of one stream; ``None`` where the ground is not known."""
    if settings.ground is None:
        return None
    return SpeedMeter(
        topology,
        settings.ground.plane(),
        min_keypoint_score=min_keypoint_score,
        grace_s=settings.zone_grace,
    )


def zone_painter(settings: ZonesConfig) -> ZonePainter:
    """Return what draws the zones and lines of one stream."""
    return ZonePainter(*zones_and_lines(settings))


def read_zones(
    file: Path | None,
    *,
    stream: str | None = None,
    zones: Iterable[str] = (),
    lines: Iterable[str] = (),
) -> ZonesConfig:
    """Read the zones in a settings file, and add those of the command line, which win.

    Args:
        file: YAML; its other settings are passed over.
        stream: A name under ``streams``, whose keys go before those of the whole file.
        zones: Texts such as ``door=0.1,0.2;0.3,0.2;0.3,0.9``.
        lines: Texts such as ``gate=0.1,0.5;0.9,0.5``.

    Raises:
        ConfigError: Naming the key, its value and what is allowed.
    """
    written = read_yaml(file) if file is not None else {}
    values = {key: written[key] for key in ZonesConfig.model_fields if key in written}
    if stream is not None:
        values |= _of_stream(written, stream)
    for key, texts, option in (("zones", zones, "--zone"), ("lines", lines, "--line")):
        given = dict(_named(text, option) for text in texts)
        if given:
            values[key] = {**(values.get(key) or {}), **{k: _shape(key, given[k]) for k in given}}
    return validated(ZonesConfig, values)


def _of_stream(written: Mapping[str, Any], stream: str) -> dict[str, Any]:
    streams = written.get("streams")
    streams = streams if isinstance(streams, Mapping) else {}
    if stream not in streams:
        hint = suggestion(stream, map(str, streams)) or (
            f" Allowed: {', '.join(map(str, streams)) or 'none, the file has no streams'}."
        )
        raise ConfigError(f"streams: there is no {stream!r}.{hint}")
    own = streams[stream]
    own = own if isinstance(own, Mapping) else {}
    return {key: own[key] for key in ZonesConfig.model_fields if key in own}


def _named(text: str, option: str) -> tuple[str, str]:
    name, sign, points = text.partition("=")
    if not sign or not name.strip():
        raise ConfigError(f"{option}: must be NAME=x1,y1;x2,y2;..., not {text!r}")
    return name.strip(), points


def _shape(key: str, points: str) -> dict[str, Any]:
    """Return the settings of a shape whose points are given as text."""
    if key == "zones":
        return {"polygon": points}
    ends = [part.split(",") for part in points.split(";") if part.strip()]
    if len(ends) != 2:
        raise ConfigError(f"--line: must be NAME=x1,y1;x2,y2, with two ends, not {points!r}")
    return {"from": ends[0], "to": ends[1]}

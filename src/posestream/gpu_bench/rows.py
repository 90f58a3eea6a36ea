"""A benchmark's figures as rows: one for each network and video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """What one network does with one kind of video; ``None`` where it was not measured."""

    network: str
    """Name of the network."""
    video: str
    """The codec, or the name of an own clip."""
    decoder: float | None
    """Pictures per second of the video decoder, without streams."""
    decode_only: float | None
    """Frames per second of as many streams in which nobody looks for people."""
    infer_only: float | None
    """Pictures per second in which people are found, without streams."""
    throughput: float | None
    """Frames per second of many streams, everything on."""
    of_decode_only: float | None
    """That over ``decode_only``."""
    of_decoder: float | None
    """That over ``decoder``."""
    of_infer_only: float | None
    """That over ``infer_only``."""
    single: float | None
    """Frames per second of one stream."""
    p50_ms: float | None
    """Median from packet to people, milliseconds."""
    p99_ms: float | None
    """99th percentile of the same."""
    density: int | None
    """Live streams that are sustained."""
    gpu_mb: float | None
    """Memory of the GPU for each further stream, MB."""
    host_mb: float | None
    """Main memory for each further stream, MB."""
    problems: tuple[str, ...]
    """What could not be measured, and why."""


def rows_of(figures: Mapping[str, Any]) -> list[Row]:
    """Return the rows of what a `posestream.gpu_bench.book.Book` holds."""
    rows = []
    for network, own in figures.get("networks", {}).items():
        videos = dict.fromkeys(
            video
            for step in ("single", "throughput", "memory", "density")
            for video in own.get(step, {})
        )
        rows.extend(_row(figures, network, own, video) for video in videos or [""])
    return rows


def _row(figures: Mapping[str, Any], network: str, own: Mapping[str, Any], video: str) -> Row:
    def figure(*names: str) -> Any:
        place: Any = own
        for name in names:
            place = place.get(name) if isinstance(place, Mapping) else None
        return place

    decoded = figures.get("decode", {}).get(video, {})
    places = [
        ("infer",),
        ("single", video, "throughput"),
        ("single", video, "packet_to_pose"),
        *((step, video) for step in ("throughput", "memory", "density")),
    ]
    problems = [f"{place[0]}: {figure(*place, 'error')}" for place in places]
    problems.append(f"network: {figure('error')}")
    return Row(
        network=network,
        video=video,
        decoder=decoded.get("alone", {}).get("decoder_fps"),
        decode_only=decoded.get("fps"),
        infer_only=figure("infer", "fps"),
        throughput=figure("throughput", video, "fps"),
        of_decode_only=figure("throughput", video, "of_decode_only"),
        of_decoder=figure("throughput", video, "of_decoder"),
        of_infer_only=figure("throughput", video, "of_infer_only"),
        single=figure("single", video, "throughput", "fps"),
        p50_ms=figure("single", video, "packet_to_pose", "p50_ms"),
        p99_ms=figure("single", video, "packet_to_pose", "p99_ms"),
        density=figure("density", video, "streams"),
        gpu_mb=figure("memory", video, "gpu_mb_per_stream"),
        host_mb=figure("memory", video, "resident_mb_per_stream"),
        problems=tuple(text for text in problems if not text.endswith(": None")),
    )

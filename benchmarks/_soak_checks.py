"""What must hold after many streams have run for a long time."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from posestream.runtime.status import StreamStatus
from posestream.sources.watermark import read_watermark, stream_mark

WARM_UP = 0.2
"""Share of the samples that fills caches."""
MOST_GROWTH = 0.02


def growth(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the memory's growth along a line through the samples, and what else grew.

    Raises:
        ValueError: If the soak was too short to tell.
    """
    warm = samples[round(WARM_UP * len(samples)) :]
    if len(warm) < 3:
        raise ValueError(f"{len(samples)} samples are too few to tell growth; let it run longer")
    at_s, resident_mb = (np.array([one[key] for one in warm]) for key in ("at_s", "resident_mb"))
    slope, start = np.polyfit(at_s - at_s[0], resident_mb, 1)
    third = max(1, len(warm) // 3)
    change = {
        key: median(one[key] for one in warm[-third:]) - median(one[key] for one in warm[:third])
        for key in ("threads", "open_files")
    }
    return {
        "memory": round(float(slope * (at_s[-1] - at_s[0]) / start), 4),
        "from_mb": round(float(start), 1),
        "peak_mb": max(one["resident_mb"] for one in samples),
        **change,
    }


def order(
    folder: Path, streams: Iterable[StreamStatus], *, marked: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Count the frames of each stream in its data, and those that stand in a wrong place.

    In the annotated videos of ``marked`` streams, so many pictures are read back by watermark.
    """
    found = {}
    for stream in streams:
        data = folder / f"{stream.name}.poses.jsonl"
        with data.open(encoding="utf-8") as lines:
            frames = [(one["frame"], one["pts_s"]) for one in map(json.loads, lines)]
        pairs = list(itertools.pairwise(frames))
        found[stream.name] = {
            "written": stream.frames,
            "in_data": len(frames),
            "out_of_order": sum(a[0] >= b[0] or a[1] >= b[1] for a, b in pairs),
        }
        if stream.name in marked:
            found[stream.name] |= _marks(folder / f"{stream.name}.mp4", stream.name)
    return found


def _marks(video: Path, name: str) -> dict[str, int]:
    """Read the watermarks of a video: whose pictures they are, and in which order."""
    numbers, strangers, unread = [], 0, 0
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            try:
                mark, number = read_watermark(frame.to_ndarray(format="rgb24"))
            except ValueError:
                unread += 1
                continue
            strangers += mark != stream_mark(name)
            numbers.append(number)
    backwards = sum(a > b for a, b in itertools.pairwise(numbers))
    return {
        "read_back": len(numbers),
        "unreadable": unread,
        "of_other_streams": strangers,
        "backwards": backwards,
    }


def files(folder: Path) -> dict[str, int]:
    """Return how many key frames each video has, decoded; a broken one has none."""
    found = {}
    for path in sorted(folder.glob("*.mp4")):
        try:
            with av.open(str(path)) as container:
                video = container.streams.video[0]
                video.codec_context.skip_frame = "NONKEY"
                found[path.name] = sum(1 for _ in container.decode(video))
        except FFmpegError:
            found[path.name] = 0
    return found


def verdict(found: dict[str, Any], *, reconnects: bool) -> dict[str, bool]:
    """Return whether each thing holds that must hold.

    Args:
        found: What was found.
        reconnects: Whether a server was away, so that streams must have come back.
    """
    rows = list(found["order"].values())
    states = {one["state"] for one in found["streams"]}
    came_back = [one for one in found["streams"] if one["reconnects"]]
    return {
        "memory_grows_less_than_2_percent": found["growth"]["memory"] < MOST_GROWTH,
        "no_more_threads": found["growth"]["threads"] <= 0,
        "no_more_open_files": found["growth"]["open_files"] <= 0,
        "no_frame_out_of_order": not any(one["out_of_order"] for one in rows),
        "every_frame_is_in_the_data": all(one["written"] == one["in_data"] for one in rows),
        "pictures_in_order_and_in_their_own_file": not any(
            one.get("backwards", 0) + one.get("of_other_streams", 0) for one in rows
        ),
        "pictures_were_read_back": all(one.get("read_back", 1) for one in rows),
        "every_file_plays": bool(found["files"]) and all(found["files"].values()),
        "nobody_failed": states == {"stopped"},
        "cameras_came_back": len(came_back) >= 2 or not reconnects,
    }

"""Data formats by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from posestream.errors import ConfigError, suggestion
from posestream.sinks import ResultSink


@dataclass(frozen=True, slots=True)
class DataFormat:
    """A way to write results down."""

    file_name: str
    """What the file, or the folder, is called inside a run's output folder."""
    description: str
    """One line for people."""
    open: Callable[[Path, bool], ResultSink]
    """Make a sink at a path; the flag says whether existing output may be replaced."""
    quick: bool = False
    """Whether every frame is written in a moment: none waits for many others' rows to be packed."""


def _jsonl(path: Path, overwrite: bool) -> ResultSink:
    from posestream.sinks.jsonl import JsonLinesSink

    return JsonLinesSink(path, overwrite=overwrite)


def _openpose(path: Path, overwrite: bool) -> ResultSink:
    from posestream.sinks.openpose import OpenPoseSink

    return OpenPoseSink(path, overwrite=overwrite)


def _coco(path: Path, overwrite: bool) -> ResultSink:
    from posestream.sinks.coco import CocoResultsSink

    return CocoResultsSink(path, overwrite=overwrite)


def _csv(path: Path, overwrite: bool) -> ResultSink:
    from posestream.sinks.csv_table import CsvSink

    return CsvSink(path, overwrite=overwrite)


def _parquet(path: Path, overwrite: bool) -> ResultSink:
    from posestream.sinks.parquet import ParquetSink

    return ParquetSink(path, overwrite=overwrite)


FORMATS = {
    "jsonl": DataFormat("poses.jsonl", "one JSON object per frame and line", _jsonl, quick=True),
    "openpose": DataFormat("openpose", "OpenPose's folder of JSON files, BODY_25", _openpose),
    "coco": DataFormat("poses.coco.json", "COCO keypoint results", _coco),
    "csv": DataFormat("poses.csv", "one row per person and frame", _csv, quick=True),
    "parquet": DataFormat("poses.parquet", "the same table, compressed", _parquet),
}
"""Every data format by its name in ``formats``."""


def open_result_sink(name: str, path: Path, *, overwrite: bool = False) -> ResultSink:
    """Make the sink of a format.

    Args:
        name: One of `FORMATS`.
        path: The file, or folder, to write; the folder around it is made if it is missing.
        overwrite: Whether existing output may be replaced.

    Raises:
        ConfigError: If there is no such format.
        MissingDependencyError: If the format needs a package that is not installed.
        OutputExistsError: If its output exists and may not be replaced.
        SinkError: If its output cannot be made.
    """
    if name not in FORMATS:
        raise ConfigError(
            f"formats: {name!r} is unknown; use {', '.join(FORMATS)}.{suggestion(name, FORMATS)}"
        )
    return FORMATS[name].open(path, overwrite)

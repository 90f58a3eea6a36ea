"""COCO's results format, which evaluation tools read."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from posestream.sinks.keypoints import named_points
from posestream.sinks.records import RecordFile
from posestream.topology import COCO_KEYPOINTS
from posestream.types import Result

PERSON_CATEGORY = 1
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


class CocoResultsSink:
    """Writes one object per person: ``image_id, category_id, keypoints, score, bbox``.

    ``image_id`` is the number at the end of a photograph's name, as in COCO's own files, or the
    frame's index where there is none. ``keypoints`` are 17 times x, y and the keypoint's score,
    which evaluation ignores; 0, 0, 0 where nothing was found. ``bbox`` is left, top, width, height.

    The file is a whole JSON array after every write, also when the process is killed.

    Args:
        path: File to make.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputExistsError: If the file exists and may not be replaced.
        SinkError: If it cannot be made.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self._file = RecordFile(path, overwrite=overwrite, head=b"[", tail=b"\n]\n")
        self._separator = "\n"

    def write(self, result: Result) -> None:
        """Write everyone in a frame.

        Raises:
            ConfigError: If the topology has none of COCO's keypoints.
            SinkError: If it cannot be written.
        """
        people = coco_results(result)
        if people:
            text = self._separator + ",\n".join(map(_ENCODER.encode, people))
            self._file.append(text.encode())
            self._separator = ",\n"

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._file.close()


def coco_results(result: Result) -> list[dict[str, Any]]:
    """Return everyone in a frame as COCO results.

    Raises:
        ConfigError: If the topology has none of COCO's keypoints.
    """
    poses = result.poses
    points = named_points(result, COCO_KEYPOINTS, needed_by="coco")
    if not len(poses):
        return []
    boxes = np.nan_to_num(poses.boxes.astype(np.float64), posinf=0, neginf=0)
    boxes[:, 2:] -= boxes[:, :2]
    scores = np.nan_to_num(poses.scores.astype(np.float64)).round(4)
    return [
        {
            "image_id": image_id(result),
            "category_id": PERSON_CATEGORY,
            "keypoints": keypoints,
            "score": score,
            "bbox": box,
        }
        for keypoints, score, box in zip(
            points.reshape(len(poses), 3 * len(COCO_KEYPOINTS)).tolist(),
            scores.tolist(),
            boxes.round(2).tolist(),
            strict=True,
        )
    ]


def image_id(result: Result) -> int:
    """Return the number at the end of a photograph's name, else the frame's index."""
    number = re.search(r"[0-9]+$", PurePath(result.file).stem) if result.file else None
    return int(number[0]) if number else result.frame

"""OpenPose's JSON folder, which motion analysis tools read."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from posestream.errors import SinkError
from posestream.sinks.keypoints import named_points
from posestream.sinks.records import existing, make_folder, unwritable
from posestream.types import Result

BODY_25 = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "mid_hip",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
    "left_big_toe",
    "left_small_toe",
    "left_heel",
    "right_big_toe",
    "right_small_toe",
    "right_heel",
)
"""OpenPose's BODY_25 order, the one that Pose2Sim, Sports2D and their like expect."""

_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
_PARTS: dict[str, tuple[str, ...]] = {
    "face": tuple(f"face_{k}" for k in range(70)),
    "hand_left": ("left_hand_root", *(f"left_{f}{k}" for f in _FINGERS for k in range(1, 5))),
    "hand_right": ("right_hand_root", *(f"right_{f}{k}" for f in _FINGERS for k in range(1, 5))),
}
"""OpenPose's orders of a face and of hands, by the names of COCO-WholeBody, which has no pupils."""
_BETWEEN = {
    "neck": ("left_shoulder", "right_shoulder"),
    "mid_hip": ("left_hip", "right_hip"),
}
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
_SUFFIX = "_keypoints.json"


class OpenPoseSink:
    """Writes one file per frame, ``NAME_000000000000_keypoints.json``, in BODY_25's order.

    Photographs give ``NAME_keypoints.json``, as OpenPose names them. A neck or a middle of the
    hips that the topology lacks lies between both shoulders or hips, with the lower of their
    scores, where both were found; keypoints that were not found are 0, 0, 0. Faces and hands are
    empty lists unless the topology is a whole body's. Every file is whole at any moment, also when
    the process is killed.

    Args:
        folder: Folder to make.
        overwrite: Whether the keypoint files of an earlier run in it may be deleted.

    Raises:
        OutputExistsError: If the folder holds keypoint files and they may not be deleted.
        SinkError: If the folder cannot be made.
    """

    def __init__(self, folder: Path, *, overwrite: bool = False) -> None:
        self._folder = folder
        self._closed = False
        make_folder(folder)
        try:
            earlier = list(folder.glob(f"*{_SUFFIX}"))
            if overwrite:
                for file in earlier:
                    file.unlink()
        except OSError as error:
            raise unwritable(folder, error) from error
        if earlier and not overwrite:
            raise existing(folder)

    def write(self, result: Result) -> None:
        """Write one frame's file.

        Raises:
            ConfigError: If the topology has none of OpenPose's keypoints.
            SinkError: If it cannot be written.
        """
        if self._closed:
            raise SinkError(f"{self._folder}: is closed")
        path = self._folder / self._file_name(result)
        unfinished = path.with_name(f".{path.name}.part")
        try:
            unfinished.write_text(_ENCODER.encode(openpose_frame(result)), encoding="ascii")
            os.replace(unfinished, path)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            raise unwritable(path, error) from error

    def close(self) -> None:
        """Accept no more frames; may be called twice."""
        self._closed = True

    def _file_name(self, result: Result) -> str:
        if result.file is None:
            return f"{_plain(PurePath(result.stream).stem)}_{result.frame:012}{_SUFFIX}"
        name = f"{_plain(PurePath(result.file).stem)}{_SUFFIX}"
        taken = (self._folder / name).exists()  # photo.jpg and photo.png
        return f"{_plain(result.file)}{_SUFFIX}" if taken else name


def openpose_frame(result: Result) -> dict[str, Any]:
    """Return a frame as OpenPose writes it, version 1.1.

    Raises:
        ConfigError: If the topology has none of OpenPose's keypoints.
    """
    empty: dict[str, list[float]] = {
        f"{part}_keypoints_{space}": []
        for space in ("2d", "3d")
        for part in ("pose", "face", "hand_left", "hand_right")
    }
    parts = {"pose_keypoints_2d": body_25(result)}
    for part, names in _PARTS.items():
        if set(names) & set(result.topology.keypoints):
            parts[f"{part}_keypoints_2d"] = _numbers(named_points(result, names, needed_by=part))
    people = [
        {"person_id": [identity], **empty, **{part: rows[p] for part, rows in parts.items()}}
        for p, identity in enumerate(result.tracks.ids.tolist())
    ]
    return {"version": 1.1, "people": people}


def body_25(result: Result) -> list[list[float]]:
    """Return ``(P, 75)`` numbers: x, y and score of each keypoint in BODY_25's order.

    Raises:
        ConfigError: If the topology has none of OpenPose's keypoints.
    """
    body = named_points(result, BODY_25, needed_by="openpose")
    for name, pair in _BETWEEN.items():
        if name not in result.topology.keypoints:
            body[:, BODY_25.index(name)] = _between(body, pair)
    return _numbers(body)


def _numbers(points: npt.NDArray[np.float64]) -> list[list[float]]:
    return points.round(3).reshape(len(points), 3 * points.shape[1]).tolist()


def _between(body: npt.NDArray[np.float64], pair: tuple[str, str]) -> npt.NDArray[np.float64]:
    """Return ``(P, 3)`` the middle of two keypoints; zeros where one is missing."""
    both = body[:, [BODY_25.index(name) for name in pair]]
    middle = both.mean(axis=1)
    middle[:, 2] = both[:, :, 2].min(axis=1)
    return middle * (middle[:, 2:] > 0)


def _plain(name: str) -> str:
    """Return a name that is a file name everywhere."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "stream"

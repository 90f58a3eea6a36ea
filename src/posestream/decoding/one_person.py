"""Decode networks that place the keypoints of one person, who fills their input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from posestream.decoding.one_stage import keypoints_in_frame
from posestream.geometry import Letterbox
from posestream.types import Fields, Poses

Floats = npt.NDArray[np.float32]
Places = Callable[[Fields], Floats]
"""Takes the outputs of a batch; returns ``(B, K, 3)`` x, y in input pixels, and confidence."""
_SEEN = 0.2
"""Keypoints under this say nothing about where a person is, if there are others."""


class OnePersonDecoder:
    """Finds one person in every picture; several threads may decode at once.

    A person's score is the mean score of the keypoints, those not found counting 0, and the box
    lies around the keypoints that are seen.
    """

    def __init__(self, read: Places, *, min_score: float = 0.0) -> None:
        """Fix what the outputs mean.

        Args:
            read: Takes the keypoints out of the network's outputs.
            min_score: Least score of a person.

        Raises:
            ValueError: If the score is out of range.
        """
        if not 0 <= min_score <= 1:
            raise ValueError(f"min_score must be in [0, 1], not {min_score}")
        self._read = read
        self._min_score = min_score

    def decode(self, fields: Fields) -> list[Poses]:
        """Return the person in each picture, in its pixels; nobody where no keypoint is found."""
        with np.errstate(over="ignore", invalid="ignore"):
            rows = self._read(fields)
            return [
                self._person(row[None], letterbox)
                for row, letterbox in zip(rows, fields.letterboxes, strict=True)
            ]

    def _person(self, row: Floats, letterbox: Letterbox) -> Poses:
        points, scores = keypoints_in_frame(row, letterbox)
        score = scores.mean(axis=1)
        if score[0] <= 0 or score[0] < self._min_score:
            return Poses.empty(row.shape[1])
        seen = scores[0] >= min(_SEEN, float(scores.max()))
        box = np.concatenate([points[0, seen].min(axis=0), points[0, seen].max(axis=0)])
        return Poses(points, scores, score.astype(np.float32), box[None])


def person_keypoints(fields: Fields) -> Floats:
    """Read MoveNet SinglePose: y, x in [0, 1] of the input, and confidence.

    Source:
        https://www.kaggle.com/models/google/movenet, SinglePose Lightning and Thunder.
    """
    people = fields.maps["person_keypoints"][:, 0]
    sizes = np.array([box.input_size for box in fields.letterboxes], np.float32)[:, None]
    return np.concatenate([people[:, :, 1::-1] * sizes, people[:, :, 2:]], axis=2)


def simcc(split_ratio: float) -> Places:
    """Read RTMPose: every column and every row of the input, split finer, is a class.

    Args:
        split_ratio: Bins per input pixel. Bin ``i`` is the middle of pixel ``i / split_ratio``.

    Returns:
        What reads ``simcc_x`` and ``simcc_y``; a keypoint's score is the lesser of its peaks.

    Source:
        Li et al. 2022, SimCC: a Simple Coordinate Classification Perspective for Human Pose
        Estimation; Jiang et al. 2023, RTMPose.
    """

    def read(fields: Fields) -> Floats:
        axes = [
            np.nan_to_num(fields.maps[name], nan=0, posinf=0) for name in ("simcc_x", "simcc_y")
        ]
        bins = np.stack([axis.argmax(axis=2) for axis in axes], axis=2)
        peaks = np.minimum(*(axis.max(axis=2) for axis in axes))
        points = bins / np.float32(split_ratio) + 0.5
        return np.concatenate([points, peaks[..., None]], axis=2).astype(np.float32)

    return read

"""Decode networks that say people one by one: a box, a score and every keypoint in each row.

YOLO-pose, RTMO and MoveNet MultiPose differ in how they write a row, see `one_stage_formats`, and
in whether they say somebody twice; the rest is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from posestream.decoding.overlap import without_overlap
from posestream.geometry import Letterbox
from posestream.types import Fields, Poses

Floats = npt.NDArray[np.float32]
_FAR = 1.0
"""How far outside its frame a keypoint may be, in sides of the frame; farther is not found."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What a network says about one picture, in pixels of its input; numbers may be anything."""

    boxes: Floats
    """``(N, 4)`` left, top, right, bottom."""
    scores: Floats
    """``(N,)`` confidence in the person."""
    keypoints: Floats
    """``(N, K, 3)`` x, y and confidence."""


Format = Callable[[Fields, int], Rows]
"""Takes the outputs of a batch and the place of a picture in it."""


class OneStageDecoder:
    """Finds the people in the rows of a one-stage network; several threads may decode at once."""

    def __init__(
        self,
        read: Format,
        keypoints: int,
        *,
        min_score: float = 0.25,
        suppression: float | None = None,
        max_people: int = 300,
    ) -> None:
        """Fix what rows mean.

        Args:
            read: Takes the rows out of the network's outputs.
            keypoints: Keypoints of a person.
            min_score: Least score of a person.
            suppression: Overlap of boxes (intersection over union) above which the lesser of two
                people is left out; None where the network says everybody once.
            max_people: People per frame at most.

        Raises:
            ValueError: If a setting is out of range.
        """
        if not 0 <= min_score <= 1 or not 0 <= (suppression or 0) <= 1 or max_people < 1:
            raise ValueError(f"out of range: {min_score}, {suppression}, {max_people}")
        self._read = read
        self._keypoints = keypoints
        self._min_score = min_score
        self._suppression = suppression
        self._max_people = max_people

    def decode(self, fields: Fields) -> list[Poses]:
        """Return everyone in each frame of the batch, in frame pixels, best first.

        People whose box is empty, outside the frame or not made of numbers are nobody.

        Raises:
            InferenceError: If outputs disagree about how many people there are.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            return [
                self._poses(self._read(fields, place), letterbox)
                for place, letterbox in enumerate(fields.letterboxes)
            ]

    def _poses(self, rows: Rows, letterbox: Letterbox) -> Poses:
        scores = np.clip(np.nan_to_num(rows.scores, nan=0, posinf=0, neginf=0), 0, 1)
        sure = np.flatnonzero((scores >= self._min_score) & (scores > 0))
        sure = sure[np.argsort(-scores[sure], kind="stable")]
        boxes = boxes_in_frame(rows.boxes[sure], letterbox)
        real = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        sure, boxes = sure[real], boxes[real]
        kept: slice | npt.NDArray[np.int64] = slice(None)
        if self._suppression is not None:
            kept = without_overlap(boxes, self._suppression, self._max_people)
        sure, boxes = sure[kept][: self._max_people], boxes[kept][: self._max_people]
        points, point_scores = keypoints_in_frame(rows.keypoints[sure], letterbox)
        return Poses(points, point_scores, scores[sure].astype(np.float32), boxes)


def boxes_in_frame(boxes: Floats, letterbox: Letterbox) -> Floats:
    """Turn ``(N, 4)`` boxes of the input into frame pixels, cut to the frame; NaN gives 0."""
    corners = np.nan_to_num(boxes, nan=0, posinf=0, neginf=0).reshape(-1, 2, 2)
    corners = letterbox.frame_from_input(corners)
    return np.clip(corners, 0, np.array(letterbox.frame_size, np.float32)).reshape(-1, 4)


def keypoints_in_frame(rows: Floats, letterbox: Letterbox) -> tuple[Floats, Floats]:
    """Turn ``(N, K, 3)`` x, y in input pixels and scores into frame pixels.

    Returns:
        ``(N, K, 2)`` points, and ``(N, K)`` scores in [0, 1]. What is not a number, or farther
        than its side from the frame, is NaN with score 0.
    """
    size = np.array(letterbox.frame_size, np.float32)
    points = letterbox.frame_from_input(rows[..., :2])
    near = (points > -_FAR * size) & (points < (1 + _FAR) * size)
    scores = np.clip(np.nan_to_num(rows[..., 2], nan=0, posinf=0, neginf=0), 0, 1)
    found = near.all(axis=2) & (scores > 0)
    points = np.where(found[..., None], points, np.float32(np.nan))
    return points.astype(np.float32), np.where(found, scores, 0).astype(np.float32)

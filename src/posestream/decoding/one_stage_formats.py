"""How one-stage networks write people down."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from posestream.decoding.one_stage import Format, Rows
from posestream.errors import InferenceError
from posestream.types import Fields


def yolo(fields: Fields, place: int) -> Rows:
    """Read YOLOv8-pose and YOLO11-pose: a column per anchor, people many times over.

    Source:
        https://docs.ultralytics.com/tasks/pose and the shape that its export prints; no code.
    """
    columns = fields.maps["yolo_predictions"][place].T
    middles, halves = columns[:, :2], columns[:, 2:4] / 2
    boxes = np.concatenate([middles - halves, middles + halves], axis=1)
    return Rows(boxes, columns[:, 4], columns[:, 5:].reshape(len(columns), -1, 3))


def yolo_end2end(fields: Fields, place: int) -> Rows:
    """Read YOLO26-pose, or an older export with its suppression inside: a row per person.

    Source:
        https://docs.ultralytics.com/guides/end2end-detection; no code.
    """
    rows = fields.maps["yolo_people"][place]
    return Rows(rows[:, :4], rows[:, 4], rows[:, 6:].reshape(len(rows), -1, 3))


def rtmo(fields: Fields, place: int) -> Rows:
    """Read RTMO as MMDeploy exports it: ``dets`` and ``keypoints``, suppression inside.

    Raises:
        InferenceError: If there are not as many boxes as people.

    Source:
        Lu et al. 2024, RTMO: Towards High-Performance One-Stage Real-Time Multi-Person Pose
        Estimation.
    """
    boxes, people = fields.maps["person_boxes"][place], fields.maps["box_keypoints"][place]
    if len(boxes) != len(people):
        raise InferenceError(
            f"person_boxes has {len(boxes)} people, box_keypoints {len(people)}; allowed: the same"
        )
    return Rows(boxes[:, :4], boxes[:, 4], people)


def movenet_multi(fields: Fields, place: int) -> Rows:
    """Read MoveNet MultiPose with its grouping inside: shares of the input, y before x.

    Source:
        https://www.kaggle.com/models/google/movenet, MultiPose Lightning.
    """
    rows = fields.maps["movenet_people"][place]
    size = np.array(fields.letterboxes[place].input_size, np.float32)
    people = rows[:, :-5].reshape(len(rows), -1, 3)
    points = people[..., 1::-1] * size
    boxes = rows[:, [-4, -5, -2, -3]] * np.tile(size, 2)
    return Rows(boxes, rows[:, -1], np.concatenate([points, people[..., 2:]], axis=2))


FORMATS: Mapping[str, Format] = {
    "yolo": yolo,
    "yolo-end2end": yolo_end2end,
    "rtmo": rtmo,
    "movenet-multi": movenet_multi,
}
"""The formats by the family on the model card."""
REPEATING = ("yolo",)
"""Families that say a person several times."""

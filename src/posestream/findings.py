"""What secondary models find beside the people: objects, and labels of people or of a frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The objects that one model found in a frame; row ``n`` of every array is the same object.

    Raises:
        ValueError: If the arrays disagree about objects.
    """

    boxes: npt.NDArray[np.float32]
    """``(N, 4)`` left, top, right, bottom in frame pixels."""
    scores: npt.NDArray[np.float32]
    """``(N,)`` confidence in [0, 1], best first."""
    classes: npt.NDArray[np.int64]
    """``(N,)`` numbers of what they are."""
    people: npt.NDArray[np.int64]
    """``(N,)`` row of the person in whose crop it was found; -1 for the whole frame."""
    names: tuple[str, ...] = ()
    """Label of each class; empty where nobody named them."""

    def __post_init__(self) -> None:
        """Check that arrays agree."""
        count = len(self.scores)
        shapes = (self.boxes.shape, self.scores.shape, self.classes.shape, self.people.shape)
        if shapes != ((count, 4), (count,), (count,), (count,)):
            raise ValueError(f"arrays disagree about {count} objects: {shapes}")

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.scores)

    def __getitem__(
        self, objects: npt.NDArray[np.bool_] | npt.NDArray[np.integer] | slice
    ) -> Detections:
        """Return the objects a mask, indices or a slice select, in that order."""
        return Detections(
            self.boxes[objects],
            self.scores[objects],
            self.classes[objects],
            self.people[objects],
            self.names,
        )

    def for_people(self, rows: npt.NDArray[np.int64]) -> Detections:
        """Return the objects with people in other rows; those of people who left go with them.

        Args:
            rows: ``(P,)`` where each person was before; -1 for those who were not.
        """
        if not (self.people >= 0).any():
            return self
        now = {int(before): row for row, before in enumerate(rows.tolist()) if before >= 0}
        people = np.array([now.get(int(person), -1) for person in self.people], np.int64)
        stays = (self.people < 0) | (people >= 0)
        return Detections(self.boxes, self.scores, self.classes, people, self.names)[stays]

    @property
    def labels(self) -> list[str]:
        """What each object is, in words."""
        return [label_of(number, self.names) for number in self.classes.tolist()]

    @classmethod
    def empty(cls, names: tuple[str, ...] = ()) -> Detections:
        """Return no objects."""
        return cls.joined([], names)

    @classmethod
    def joined(cls, parts: list[Detections], names: tuple[str, ...] = ()) -> Detections:
        """Return the objects of several parts of a frame, best first."""
        scores = np.concatenate([np.zeros(0, np.float32), *(part.scores for part in parts)])
        order = np.argsort(-scores, kind="stable")
        return cls(
            np.concatenate([np.zeros((0, 4), np.float32), *(p.boxes for p in parts)])[order],
            scores[order],
            np.concatenate([np.zeros(0, np.int64), *(p.classes for p in parts)])[order],
            np.concatenate([np.zeros(0, np.int64), *(p.people for p in parts)])[order],
            names,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """One model's label of each person, or of a frame, which is a single row.

    Raises:
        ValueError: If the arrays disagree about rows.
    """

    classes: npt.NDArray[np.int64]
    """``(P,)`` number of the label; -1 where there is none."""
    scores: npt.NDArray[np.float32]
    """``(P,)`` confidence in [0, 1]; 0 where there is no label."""
    names: tuple[str, ...] = ()
    """Label of each class; empty where nobody named them."""

    def __post_init__(self) -> None:
        """Check that arrays agree."""
        if self.classes.ndim != 1 or self.classes.shape != self.scores.shape:
            raise ValueError(f"classes {self.classes.shape}, scores {self.scores.shape}")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.classes)

    def __getitem__(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.integer]) -> Attributes:
        """Return the rows a mask or indices select, in that order."""
        return Attributes(self.classes[rows], self.scores[rows], self.names)

    def for_people(self, rows: npt.NDArray[np.int64]) -> Attributes:
        """Return the labels of people in other rows.

        Args:
            rows: ``(P,)`` where each person was before; -1 for those who were not: no label.
        """
        moved = Attributes.none(len(rows), self.names)
        was_here = rows >= 0
        moved.classes[was_here] = self.classes[rows[was_here]]
        moved.scores[was_here] = self.scores[rows[was_here]]
        return moved

    @property
    def labels(self) -> list[str | None]:
        """The label of each row, in words; ``None`` where there is none."""
        numbers = self.classes.tolist()
        return [label_of(number, self.names) if number >= 0 else None for number in numbers]

    @classmethod
    def none(cls, rows: int, names: tuple[str, ...] = ()) -> Attributes:
        """Return rows without labels."""
        return cls(np.full(rows, -1, np.int64), np.zeros(rows, np.float32), names)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All that secondary models say about one frame, by the model's name.

    A model that looked has an entry, also where it found nothing.
    """

    objects: Mapping[str, Detections] = field(default_factory=dict)
    """What detectors found."""
    attributes: Mapping[str, Attributes] = field(default_factory=dict)
    """What classifiers say of people; row ``p`` is person ``p``."""
    frame_attributes: Mapping[str, Attributes] = field(default_factory=dict)
    """What classifiers say of the whole frame; one row."""

    def __bool__(self) -> bool:
        """Tell whether any model looked."""
        return bool(self.objects or self.attributes or self.frame_attributes)

    def for_people(self, rows: npt.NDArray[np.int64]) -> Findings:
        """Return the findings for the same people in other rows.

        Objects of people who are left out go with them.

        Args:
            rows: ``(P,)`` where each person was when the models looked; -1 for those who were not.
        """
        if not (self.objects or self.attributes):
            return self
        objects = {name: found.for_people(rows) for name, found in self.objects.items()}
        labels = {name: found.for_people(rows) for name, found in self.attributes.items()}
        return Findings(objects, labels, self.frame_attributes)

    def objects_json(self) -> list[dict[str, object]]:
        """Return the objects as plain JSON values, as ``poses.jsonl`` holds them."""
        rows: list[dict[str, object]] = []
        for model, found in self.objects.items():
            scores = found.scores.astype(np.float64).round(4).tolist()
            boxes = np.nan_to_num(found.boxes.astype(np.float64), posinf=0, neginf=0)
            rounded = boxes.round(2).tolist()  # JSON knows neither NaN nor infinity
            for row in zip(found.labels, scores, rounded, found.people.tolist(), strict=True):
                label, score, box, person = row
                entry = {"model": model, "label": label, "score": score, "box": box}
                rows.append(entry | ({"person": person} if person >= 0 else {}))
        return rows


NOTHING = Findings()
"""The findings of a frame that no secondary model looked at."""


def attributes_json(attributes: Mapping[str, Attributes], row: int) -> dict[str, object]:
    """Return the labels of one row as plain JSON values; models without a label are left out."""
    return {
        model: {
            "label": label_of(int(found.classes[row]), found.names),
            "score": round(float(found.scores[row]), 4),
        }
        for model, found in attributes.items()
        if found.classes[row] >= 0
    }


def label_of(number: int, names: tuple[str, ...]) -> str:
    """Return the label of a class; its number where nobody named it."""
    return names[number] if number < len(names) else str(number)

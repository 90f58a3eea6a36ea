"""A secondary model that gives people, or a frame, a label."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posestream.findings import Attributes, Findings
from posestream.images import Image
from posestream.secondary.classes import best_classes
from posestream.secondary.looking import Looker
from posestream.types import Poses


class SecondaryClassifier:
    """Labels frames, or the people in them; several threads may call it at once.

    Args:
        name: What its findings are called.
        looker: The network and what it is shown.
        activation: ``softmax`` or ``sigmoid`` for logits, ``none`` for confidences.
        threshold: Least confidence of a label.
        names: Label of each class.
        keep: Numbers of the labels worth reporting; None for all.
    """

    def __init__(
        self,
        name: str,
        looker: Looker,
        *,
        activation: str,
        threshold: float,
        names: tuple[str, ...] = (),
        keep: Sequence[int] | None = None,
    ) -> None:
        self.name = name
        self._looker = looker
        self._activation = activation
        self._threshold = threshold
        self._names = names
        self._keep = None if keep is None else np.isin(np.arange(len(names)), keep)

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return self._looker.backend.description

    def look(self, images: Sequence[Image], poses: Sequence[Poses]) -> list[Findings]:
        """Return the label of each picture, or of each person in it.

        Raises:
            InferenceError: If the network fails or says what its card does not promise.
        """
        rows = [self._rows(len(people)) for people in poses]
        classes = [np.full(count, -1, np.int64) for count in rows]
        scores = [np.zeros(count, np.float32) for count in rows]
        for views, maps, _ in self._looker.answers(images, poses):
            best = best_classes(
                maps["class_scores"],
                activation=self._activation,
                threshold=self._threshold,
                names=self._names,
                keep=self._keep,
            )
            for b, view in enumerate(views):
                row = max(view.person, 0)
                classes[view.image][row] = best.classes[b]
                scores[view.image][row] = best.scores[b]
        return [
            self._findings(Attributes(c, s, self._names))
            for c, s in zip(classes, scores, strict=True)
        ]

    def _rows(self, people: int) -> int:
        return 1 if self._looker.crops is None else people

    def _findings(self, attributes: Attributes) -> Findings:
        named = {self.name: attributes}
        if self._looker.crops is None:
            return Findings(frame_attributes=named)
        return Findings(attributes=named)

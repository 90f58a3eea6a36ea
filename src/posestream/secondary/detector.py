"""A secondary model that finds objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from posestream.findings import Detections, Findings
from posestream.images import Image
from posestream.secondary import ObjectDecoder, Objects
from posestream.secondary.looking import Looker, View
from posestream.types import Poses


class SecondaryDetector:
    """Finds objects in frames, or in people's crops; several threads may call it at once.

    Args:
        name: What its findings are called.
        looker: The network and what it is shown.
        decoder: Understands the network.
        names: Label of each class.
        keep: Numbers of the classes worth reporting; None for all.
    """

    def __init__(
        self,
        name: str,
        looker: Looker,
        decoder: ObjectDecoder,
        *,
        names: tuple[str, ...] = (),
        keep: Sequence[int] | None = None,
    ) -> None:
        self.name = name
        self._looker = looker
        self._decoder = decoder
        self._names = names
        self._keep = None if keep is None else np.array(keep, np.int64)

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return self._looker.backend.description

    def look(self, images: Sequence[Image], poses: Sequence[Poses]) -> list[Findings]:
        """Return the objects in each picture, in its pixels, best first.

        Raises:
            InferenceError: If the network fails or says what its card does not promise.
        """
        found: list[list[Detections]] = [[] for _ in images]
        for views, maps, letterboxes in self._looker.answers(images, poses):
            for view, objects in zip(views, self._decoder.decode(maps, letterboxes), strict=True):
                found[view.image].append(self._detections(view, objects))
        return [
            Findings(objects={self.name: Detections.joined(parts, self._names)}) for parts in found
        ]

    def _detections(self, view: View, objects: Objects) -> Detections:
        boxes, scores, classes = objects
        if view.region is not None:
            corner = np.array([view.region.left, view.region.top], np.float32)
            boxes = boxes + np.tile(corner, 2)
        people: npt.NDArray[np.int64] = np.full(len(scores), view.person, np.int64)
        found = Detections(boxes, scores, classes, people, self._names)
        return found if self._keep is None else found[np.isin(classes, self._keep)]

"""The Python API for pictures: pictures in, predictions out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from posestream.assembly import build_annotator, build_estimator, described
from posestream.assembly_secondary import build_inspector
from posestream.config import estimator_config, secondary_configs, validated
from posestream.config_outputs import OverlayConfig
from posestream.errors import MissingDependencyError
from posestream.findings import NOTHING, Attributes, Detections, Findings
from posestream.images import HostImage, Image
from posestream.sources.stills import read_still
from posestream.topology import Topology
from posestream.types import Poses, Result, Tracks

if TYPE_CHECKING:
    import supervision

Picture = npt.NDArray[np.uint8] | str | Path | HostImage
"""``(H, W, 3)`` RGB pixels, or the path of an image, or decoded pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The people in one picture, with the picture."""

    result: Result
    """Everything known about the frame."""
    image: Image
    """The frame's pixels."""

    @property
    def stream(self) -> str:
        """Name of the stream the picture belongs to."""
        return self.result.stream

    @property
    def poses(self) -> Poses:
        """Everyone found, best first."""
        return self.result.poses

    @property
    def keypoints(self) -> npt.NDArray[np.float32]:
        """``(P, K, 2)`` frame pixels; NaN where a keypoint was not found."""
        return self.poses.keypoints

    @property
    def keypoint_scores(self) -> npt.NDArray[np.float32]:
        """``(P, K)`` confidence in [0, 1]."""
        return self.poses.keypoint_scores

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """``(P,)`` confidence in each person, in [0, 1]."""
        return self.poses.scores

    @property
    def boxes(self) -> npt.NDArray[np.float32]:
        """``(P, 4)`` left, top, right, bottom in frame pixels."""
        return self.poses.boxes

    @property
    def objects(self) -> Mapping[str, Detections]:
        """The objects that each secondary detector found, by the model's name."""
        return self.result.objects

    @property
    def attributes(self) -> Mapping[str, Attributes]:
        """The label that each secondary classifier gives each person, by the model's name."""
        return self.result.attributes

    @property
    def topology(self) -> Topology:
        """What the keypoint axis means."""
        return self.result.topology

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.poses)

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values, as a line of ``poses.jsonl`` holds them."""
        return self.result.to_dict()

    def to_supervision(self) -> supervision.KeyPoints:
        """Return the people as supervision's key points; missing ones are (0, 0), not visible.

        Raises:
            MissingDependencyError: If supervision is not installed.
        """
        try:
            import supervision
        except ImportError:
            raise MissingDependencyError(
                "to_supervision needs supervision: pip install supervision"
            ) from None
        found = self.keypoint_scores > 0
        return supervision.KeyPoints(
            xy=np.where(found[..., None], self.keypoints, 0).astype(np.float32),
            class_id=np.zeros(len(self), np.int64),
            keypoint_confidence=self.keypoint_scores.copy(),
            detection_confidence=self.scores.copy(),
            visible=found,
        )

    def plot(self, **overlay: Any) -> npt.NDArray[np.uint8]:
        """Return ``(H, W, 3)`` RGB pixels with the people drawn.

        Args:
            **overlay: Any field of `posestream.config.OverlayConfig`, such as ``boxes=True``.

        Raises:
            ConfigError: If a setting is unknown or out of range.
        """
        annotator = build_annotator(validated(OverlayConfig, overlay), self.topology)
        return annotator.draw(self.image, self.result).rgb()

    def _repr_png_(self) -> bytes:
        """Show the annotated picture in a notebook."""
        import cv2

        _, png = cv2.imencode(".png", self.plot()[:, :, ::-1])
        return png.tobytes()


class PoseEstimator:
    """Find people in pictures.

    Loading takes about a second, so make one and keep it. Several threads may call it at once.

    Args:
        secondary: Classifiers and detectors that look at the pictures or the people, too: each a
            mapping of the keys of `posestream.config_secondary.SecondaryConfig`, or a text as
            after ``--secondary``. Their ``interval`` counts in streams only.
        **options: Any field of `posestream.config.EstimatorConfig`: ``model``, ``card``,
            ``detector``, ``profile``, ``device``, ``backend``, ``precision``, ``threads``,
            ``long_side``, ``min_score``.

    Raises:
        ConfigError: If an option is unknown or out of range.
        ModelError: If the model cannot be loaded.
    """

    def __init__(
        self, *, secondary: Sequence[Mapping[str, Any] | str] = (), **options: Any
    ) -> None:
        self._settings = estimator_config(options)
        self._inspector = build_inspector(secondary_configs(secondary), self._settings)
        self._estimator = build_estimator(self._settings)

    @property
    def topology(self) -> Topology:
        """What the keypoint axis means."""
        return self._estimator.topology

    @property
    def description(self) -> str:
        """What really runs: model, profile, library, device, precision."""
        return described(self._settings, self._estimator, self._inspector)

    @overload
    def predict(self, images: Picture) -> Prediction: ...

    @overload
    def predict(self, images: Sequence[Picture]) -> list[Prediction]: ...

    def predict(self, images: Picture | Sequence[Picture]) -> Prediction | list[Prediction]:
        """Find everyone in one picture or in several.

        Args:
            images: A picture or a sequence of them. Arrays are RGB; OpenCV's are BGR, so pass
                ``image[:, :, ::-1]``. PIL images count as arrays.

        Returns:
            One prediction per picture, in order; a single one for a single picture.

        Raises:
            ValueError: If an array is not ``(H, W, 3)`` uint8.
            SourceError: If a file cannot be read as an image.
        """
        if isinstance(images, Sequence) and not isinstance(images, str):
            pictures = [_host_image(image) for image in images]
            return self._predictions(pictures)
        return self._predictions([_host_image(images)])[0]

    def _predictions(self, images: list[HostImage]) -> list[Prediction]:
        found = self._estimator.estimate(images)
        findings = [NOTHING] * len(images)
        if self._inspector:
            findings = self._inspector.inspect(images, found)
        return [
            Prediction(_result(place, image.size, poses, self.topology, others), image)
            for place, (image, poses, others) in enumerate(
                zip(images, found, findings, strict=True)
            )
        ]


def _host_image(picture: Picture) -> HostImage:
    if isinstance(picture, HostImage):
        return picture
    if isinstance(picture, (str, Path)):
        return read_still(Path(picture))
    return HostImage.from_rgb(np.asarray(picture))


def _result(
    place: int, size: tuple[int, int], poses: Poses, topology: Topology, findings: Findings
) -> Result:
    """Wrap the poses of a picture that belongs to no stream."""
    return Result(
        stream="pictures",
        frame=place,
        pts_s=float(place),
        wall_s=time.time(),
        size=size,
        tracks=Tracks.untracked(poses),
        topology=topology,
        findings=findings,
    )

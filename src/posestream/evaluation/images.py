"""Run an estimator over annotated images and measure accuracy and time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from posestream.assembly import build_estimator, described
from posestream.config import EstimatorConfig
from posestream.errors import ConfigError
from posestream.evaluation.coco import coco_results, keypoint_accuracy, read_annotations
from posestream.sources.stills import read_still
from posestream.topology import COCO_KEYPOINTS


class Evaluation:
    """Adds up results image by image.

    Args:
        annotations: COCO ``person_keypoints`` file.
        folder: Where its images are.
        settings: How people are found.

    Raises:
        ConfigError: If annotations or images cannot be used.
        ModelError: If the model cannot be loaded.
    """

    def __init__(self, annotations: Path, folder: Path, settings: EstimatorConfig) -> None:
        self._annotations = read_annotations(annotations)
        self._folder = folder
        self._check_images()
        self._settings = settings
        self._estimator = build_estimator(settings)
        self._check_topology()
        self._warm_sizes: set[tuple[int, int]] = set()
        self._results: list[dict[str, Any]] = []
        self._seconds: list[float] = []

    @property
    def image_ids(self) -> list[int]:
        """Every annotated image, in order."""
        return sorted(self._annotations.images)

    def add(self, image_id: int) -> None:
        """Find people in one image.

        Raises:
            SourceError: If the image cannot be read.
        """
        image = read_still(self._folder / self._annotations.images[image_id])
        if image.size not in self._warm_sizes:
            self._estimator.estimate([image])  # compiling for a new size is not the image's cost
            self._warm_sizes.add(image.size)
        start = time.perf_counter()
        [poses] = self._estimator.estimate([image])
        self._seconds.append(time.perf_counter() - start)
        self._results += coco_results(image_id, poses, self._estimator.topology)

    def figures(self) -> dict[str, float | int | str]:
        """Return COCO's figures, the images, the mean time of one, and what ran."""
        accuracy = keypoint_accuracy(self._annotations, self._results)
        mean_s = sum(self._seconds) / max(1, len(self._seconds))
        return {
            **accuracy.to_dict(),
            "images": len(self._seconds),
            "ms_per_image": round(1e3 * mean_s, 2),
            "estimator": described(self._settings, self._estimator),
        }

    def _check_topology(self) -> None:
        topology = self._estimator.topology
        if not set(topology.keypoints) & set(COCO_KEYPOINTS):
            raise ConfigError(
                f"model {self._settings.model!r}: topology {topology.name!r} has none of the "
                f"keypoints that are annotated: {', '.join(COCO_KEYPOINTS)}"
            )

    def _check_images(self) -> None:
        names = self._annotations.images.values()
        missing = [name for name in names if not (self._folder / name).is_file()]
        if missing or not names:
            what = f"{len(missing)} of {len(names)} annotated images are missing"
            raise ConfigError(f"images {str(self._folder)!r}: {what}, such as {missing[:1]}")

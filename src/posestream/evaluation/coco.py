"""COCO keypoint average precision of a set of results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posestream.errors import ConfigError, MissingDependencyError
from posestream.topology import COCO_17, Topology
from posestream.types import Poses


@dataclass(frozen=True, slots=True)
class KeypointAccuracy:
    """COCO's keypoint figures; each is -1 where the annotations have nobody of that kind."""

    AP: float
    """Mean average precision over OKS 0.50:0.05:0.95."""
    AP50: float
    """Average precision at OKS 0.50."""
    AP75: float
    """Average precision at OKS 0.75."""
    APM: float
    """As ``AP``, people of 32 x 32 to 96 x 96 pixels."""
    APL: float
    """As ``AP``, people over 96 x 96 pixels."""
    AR: float
    """Mean average recall over OKS 0.50:0.05:0.95, at most 20 people per image."""

    def to_dict(self) -> dict[str, float]:
        """Return the figures by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Annotations:
    """A COCO keypoint annotation file."""

    path: Path
    """Where it was read from."""
    images: Mapping[int, str]
    """File name of each image by its id."""
    content: Mapping[str, Any]
    """The whole file, as COCO tools take it."""


def read_annotations(path: Path) -> Annotations:
    """Read a COCO ``person_keypoints`` file.

    Raises:
        ConfigError: If the file cannot be read or holds no keypoint annotations of 17 points.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        images = {int(image["id"]): str(image["file_name"]) for image in content["images"]}
        lengths = {len(annotation["keypoints"]) for annotation in content["annotations"]}
    except OSError as error:
        raise ConfigError(f"annotations {str(path)!r}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"annotations {str(path)!r}: not COCO keypoint annotations ({error!r})"
        ) from None
    if lengths != {3 * len(COCO_17.keypoints)}:
        raise ConfigError(
            f"annotations {str(path)!r}: keypoint lists of {sorted(lengths)} numbers, not 51"
        )
    return Annotations(path, images, content)


def coco_results(image_id: int, poses: Poses, topology: Topology) -> list[dict[str, Any]]:
    """Turn one image's poses into COCO results; keypoints are matched by name, the rest left out.

    A keypoint that was not found is (0, 0, 0), which COCO counts as a miss.
    """
    index = {name: k for k, name in enumerate(topology.keypoints)}
    present = [index.get(name, -1) for name in COCO_17.keypoints]
    points = np.concatenate([poses.keypoints, poses.keypoint_scores[..., None]], axis=2)
    points = np.where(np.isfinite(points), points, 0.0).astype(np.float64)
    ordered = np.where(np.array(present)[None, :, None] >= 0, points[:, present], 0.0)
    return [
        {
            "image_id": image_id,
            "category_id": 1,
            "keypoints": person.ravel().round(3).tolist(),
            "score": float(score),
        }
        for person, score in zip(ordered, poses.scores, strict=True)
    ]


def keypoint_accuracy(
    annotations: Annotations, results: Iterable[Mapping[str, Any]]
) -> KeypointAccuracy:
    """Compare COCO results with annotations.

    Raises:
        MissingDependencyError: If faster-coco-eval is not installed.

    Source:
        https://cocodataset.org/#keypoints-eval
    """
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError:
        raise MissingDependencyError(
            "evaluation needs faster-coco-eval: pip install 'posestream[evaluate]'"
        ) from None
    results = list(results)
    if not results:
        return KeypointAccuracy(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    truth = COCO(dict(annotations.content), use_deepcopy=True)
    evaluation = COCOeval_faster(truth, truth.loadRes(results), iouType="keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    ap, ap50, ap75, apm, apl, ar = (round(float(value), 6) for value in evaluation.stats[:6])
    return KeypointAccuracy(ap, ap50, ap75, apm, apl, ar)

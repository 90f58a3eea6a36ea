import json
from pathlib import Path

import numpy as np
import pytest

from posestream.errors import ConfigError
from posestream.evaluation.coco import (
    Annotations,
    coco_results,
    keypoint_accuracy,
    read_annotations,
)
from posestream.topology import COCO_17, TRTPOSE_HUMAN
from posestream.types import Poses


def scene(people: int, images: int, seed: int) -> tuple[dict, list[dict]]:
    """Random people, and results that are wrong by a random amount."""
    random = np.random.default_rng(seed)
    annotations, results = [], []
    for image in range(1, images + 1):
        for person in range(people):
            side = random.uniform(40, 200)
            points = random.uniform(0, side, (17, 2)) + random.uniform(0, 400, 2)
            visible = random.integers(0, 3, 17)
            annotations.append(
                {
                    "id": image * 100 + person,
                    "image_id": image,
                    "category_id": 1,
                    "iscrowd": 0,
                    "area": side * side * 0.6,
                    "bbox": [*points.min(0).tolist(), side, side],
                    "num_keypoints": int((visible > 0).sum()),
                    "keypoints": np.concatenate([points, visible[:, None]], 1).ravel().tolist(),
                }
            )
            moved = points + random.normal(0, side * random.choice([0.01, 0.05, 0.2]), (17, 2))
            found = np.concatenate([moved, np.ones((17, 1))], 1)
            results.append(
                {
                    "image_id": image,
                    "category_id": 1,
                    "keypoints": found.ravel().tolist(),
                    "score": float(random.random()),
                }
            )
    truth = {
        "images": [
            {"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 640}
            for i in range(1, images + 1)
        ],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(COCO_17.keypoints)}],
    }
    return truth, results


def read(truth: dict, folder: Path) -> Annotations:
    file = folder / "truth.json"
    file.write_text(json.dumps(truth))
    return read_annotations(file)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_figures_are_those_of_pycocotools(tmp_path: Path, seed: int):
    pycocotools = pytest.importorskip("pycocotools.coco")
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    truth, results = scene(people=4, images=12, seed=seed)
    annotations = read(truth, tmp_path)
    reference = pycocotools.COCO(str(annotations.path))
    evaluation = cocoeval.COCOeval(reference, reference.loadRes(results), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    ours = list(keypoint_accuracy(annotations, results).to_dict().values())
    assert ours == pytest.approx(evaluation.stats[:6], abs=1e-6)
    assert 0.05 < ours[0] < 0.95


def test_perfect_results_score_one(tmp_path: Path):
    truth, _ = scene(people=3, images=4, seed=3)
    results = [
        {
            "image_id": a["image_id"],
            "category_id": 1,
            "keypoints": a["keypoints"],
            "score": 1.0,
        }
        for a in truth["annotations"]
    ]
    accuracy = keypoint_accuracy(read(truth, tmp_path), results)
    assert accuracy.AP == accuracy.AR == 1.0


def test_no_results_score_nothing(tmp_path: Path):
    truth, _ = scene(people=1, images=1, seed=4)
    assert keypoint_accuracy(read(truth, tmp_path), []).AP == 0


def test_keypoints_are_matched_by_name_and_missing_ones_are_misses():
    keypoints = np.arange(36, dtype=np.float32).reshape(1, 18, 2)
    keypoints[0, 3] = np.nan
    scores = np.full((1, 18), 0.5, np.float32)
    scores[0, 3] = 0
    poses = Poses(keypoints, scores, np.array([0.7], np.float32), np.zeros((1, 4), np.float32))
    [result] = coco_results(7, poses, TRTPOSE_HUMAN)
    assert (result["image_id"], result["category_id"]) == (7, 1)
    assert len(result["keypoints"]) == 51
    assert result["keypoints"][:3] == [0, 1, 0.5]
    assert result["keypoints"][9:12] == [0, 0, 0]
    assert result["keypoints"][-3:] == [32, 33, 0.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "not COCO keypoint annotations"),
        ('{"images": []}', "not COCO keypoint annotations"),
        (
            '{"images": [], "annotations": [{"keypoints": [1, 2, 3]}]}',
            r"keypoint lists of \[3\] numbers, not 51",
        ),
    ],
)
def test_annotations_that_are_not_coco_keypoints_are_refused(
    tmp_path: Path, text: str, message: str
):
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_annotations(file)


def test_annotations_that_are_not_there_are_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"none.json': No such file"):
        read_annotations(tmp_path / "none.json")

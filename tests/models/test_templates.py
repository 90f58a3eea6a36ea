"""Every template finds a painted person through a network with the outputs of its export."""

from pathlib import Path

import numpy as np
import pytest

from generated_networks import PERSON, generated, painted, truth, with_own_card
from posestream import PoseEstimator

SIZES = {"movenet-multi": (256, 160)}
"""Inputs of templates that leave the size open, for a picture of 640 x 360."""
ONE_STAGE = ["yolo-pose", "yolo26-pose", "rtmo", "movenet-multi", "movenet-single"]
TOP_DOWN = ["rtmpose", "rtmpose-wholebody", "vitpose"]
BACKENDS = ["openvino", "onnxruntime"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POSESTREAM_CACHE_DIR", str(tmp_path / "cache"))


def network(template: str, folder: Path) -> str:
    """Write the network of a template's contract."""
    return str(generated(template, folder, size=SIZES.get(template)))


def finder(folder: Path) -> str:
    """Write a detector with a card of its own beside it."""
    return str(with_own_card(generated("yolo-pose", folder), "yolo-pose"))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("template", ONE_STAGE)
def test_a_whole_picture_network_finds_the_painted_person(tmp_path, template, backend):
    estimator = PoseEstimator(
        model=network(template, tmp_path), card=template, backend=backend, precision="f32"
    )
    people = estimator.predict(painted())
    assert len(people) == 1
    np.testing.assert_allclose(people.keypoints[0], truth(17), atol=0.5)
    np.testing.assert_allclose(people.keypoint_scores, 0.9, atol=0.01)
    np.testing.assert_allclose(people.scores, 0.9, atol=0.01)
    low, high = np.min(PERSON, axis=0), np.max(PERSON, axis=0)
    assert (people.boxes[0, :2] <= low + 1).all()
    assert (people.boxes[0, 2:] >= high - 1).all()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("template", TOP_DOWN)
def test_a_one_person_network_sees_whom_a_detector_finds(tmp_path, template, backend):
    estimator = PoseEstimator(
        model=network(template, tmp_path),
        card=template,
        detector=finder(tmp_path),
        backend=backend,
        precision="f32",
    )
    people = estimator.predict(painted())
    assert len(people) == 1
    count = len(estimator.topology.keypoints)
    np.testing.assert_allclose(people.keypoints[0], truth(count), atol=0.6)
    np.testing.assert_allclose(people.scores, 0.9 * people.keypoint_scores.mean(), atol=0.01)

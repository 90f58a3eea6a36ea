"""Every template finds a painted person through a network with the outputs of its export."""

from pathlib import Path

import numpy as np
import pytest

from generated_networks import PERSON, generated, painted, truth, with_own_card
from posestream import PoseEstimator
from posestream.batching.crops import Crop, cropped
from posestream.errors import InferenceError, ModelError
from posestream.images import HostImage
from posestream.inference.pixels import network_input
from posestream.models.registry import find_model

SIZES = {"movenet-multi": (256, 160)}
"""Inputs of templates that leave the size open, for a picture of 640 x 360."""
ONE_STAGE = ["yolo-pose", "yolo26-pose", "rtmo", "movenet-multi", "movenet-single"]
TOP_DOWN = ["rtmpose", "rtmpose-wholebody", "vitpose"]
BACKENDS = ["openvino", "onnxruntime"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POSESTREAM_CACHE_DIR", str(tmp_path / "cache"))


def network(template: str, folder: Path, *, poison: float | None = None) -> str:
    """Write the network of a template's contract."""
    return str(generated(template, folder, size=SIZES.get(template), poison=poison))


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


FACTS = {
    "yolo-pose": ((640, 640), (0, 140), (640, 360), 114, [10, 20, 30], 1 / 255),
    "yolo26-pose": ((640, 640), (0, 140), (640, 360), 114, [10, 20, 30], 1 / 255),
    "rtmo": ((640, 640), (0, 140), (640, 360), 114, [30, 20, 10], 1),
    "movenet-multi": ((256, 160), (0, 0), (256, 144), 0, [10, 20, 30], 1),
    "movenet-single": ((256, 256), (0, 56), (256, 144), 0, [10, 20, 30], 1),
}
"""Of a picture of 1280 x 720: input, corner and size of the picture in it, padding, the pixel
(10, 20, 30) in the network's order, and its factor."""


@pytest.mark.parametrize("template", sorted(FACTS))
def test_pictures_lie_in_their_input_as_the_trainer_laid_them(tmp_path, template):
    size, corner, content, pad, channels, factor = FACTS[template]
    spec = find_model(network(template, tmp_path), card=template).input
    image = HostImage.from_rgb(np.full((720, 1280, 3), (10, 20, 30), np.uint8))
    crop = Crop.whole(0, image.size, spec.rule())
    [(_, batch)] = cropped([image], [crop], pad_value=spec.pad_value, batch_size=1)
    assert batch.pixels.shape == (1, size[1], size[0], 3)
    left, top = corner
    inside = batch.pixels[0, top : top + content[1], left : left + content[0]]
    assert (inside == (10, 20, 30)).all()
    assert (batch.pixels == (10, 20, 30)).all(axis=3).sum() == content[0] * content[1]
    others = batch.pixels[~(batch.pixels == (10, 20, 30)).all(axis=3)]
    assert (others == pad).all()
    planes = network_input(spec, batch.pixels)
    pixel = planes[0, top, left] if spec.layout == "NHWC" else planes[0, :, top, left]
    np.testing.assert_allclose(pixel, np.array(channels) * factor, rtol=1e-6)
    assert planes.dtype == (np.int32 if template.startswith("movenet") else np.float32)


@pytest.mark.parametrize("template", TOP_DOWN)
def test_crops_are_normalised_as_the_trainer_normalised_them(tmp_path, template):
    card = find_model(network(template, tmp_path), card=template)
    assert (card.crop_padding, card.input.fixed_size, card.input.pad_value) == (1.25, (192, 256), 0)
    planes = network_input(card.input, np.full((1, 256, 192, 3), (10, 20, 30), np.uint8))
    expected = (np.array([10, 20, 30]) - [123.675, 116.28, 103.53]) / [58.395, 57.12, 57.375]
    np.testing.assert_allclose(planes[0, :, 0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("template", "card", "problem"),
    [
        ("rtmpose-wholebody", "rtmpose", r"'simcc_x' is \(\?, 133, 384\);.*\(\?, 17, 384\)"),
        ("yolo-pose", "yolo26-pose", r"output 'output0' is \(1, 56, 3\);.*must be \(\?, \?, 57\)"),
        ("yolo26-pose", "yolo-pose", r"output 'output0' is \(1, 2, 57\);.*must be \(\?, 56, \?\)"),
        ("movenet-single", "yolo-pose", r"'pixels' is \(1, 256, 256, 3\).*\(1, 3, 640, 640\)"),
        ("yolo-pose", "rtmo", r"outputs: 'dets' is not allowed; the network's outputs: output0"),
        ("trtpose-hand", "trtpose-human", r"'output1' is \(\?, 40, 56, 56\)"),
    ],
)
def test_a_card_for_another_network_is_refused_with_both_shapes(
    tmp_path, template, card, problem, backend
):
    options = {"detector": "none"} if card == "rtmpose" else {}
    with pytest.raises((ModelError, InferenceError), match=problem):
        PoseEstimator(
            model=network(template, tmp_path),
            card=card,
            backend=backend,
            precision="f32",
            **options,
        ).predict(painted())


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("template", ONE_STAGE)
def test_an_empty_picture_holds_nobody(tmp_path, template, backend):
    model = network(template, tmp_path)
    estimator = PoseEstimator(model=model, card=template, backend=backend, precision="f32")
    assert len(estimator.predict(painted(people=()))) == 0


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf, 1e38, -1e38])
@pytest.mark.parametrize("template", [*ONE_STAGE, *TOP_DOWN, "trtpose-hand"])
def test_a_network_gone_mad_is_survived(tmp_path, template, poison):
    options = {"detector": finder(tmp_path)} if template in TOP_DOWN else {}
    model = network(template, tmp_path, poison=poison)
    estimator = PoseEstimator(model=model, card=template, backend="onnxruntime", **options)
    people = estimator.predict(painted())
    assert np.isfinite(people.boxes).all()
    assert ((people.scores >= 0) & (people.scores <= 1)).all()
    assert people.plot(boxes=True, labels=True).shape == (360, 640, 3)
    assert people.to_dict()["people"] is not None


@pytest.mark.parametrize("size", [(90, 400), (33, 17), (641, 361)])
def test_pictures_of_any_proportions_are_taken(tmp_path, size):
    for template in set(ONE_STAGE) - SIZES.keys():
        estimator = PoseEstimator(
            model=network(template, tmp_path), card=template, backend="onnxruntime"
        )
        estimator.predict(painted(size, people=()))

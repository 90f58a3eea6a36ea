"""Secondary models are held to their cards by both libraries."""

import numpy as np
import pytest

from posestream.errors import InferenceError, ModelError
from posestream.inference.loading import load_backend
from posestream.inference.rows import check_rows
from posestream.models.registry import find_model
from tiny_secondary import (
    NANODET,
    SIDE,
    colour_classifier,
    constant_network,
    nanodet_answers,
    row_detector,
    write_model,
)

PIXELS = np.zeros((2, SIDE, SIDE, 3), np.uint8)
both = pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])


def run(path, backend):
    return load_backend(find_model(path), backend=backend, precision="f32").infer(PIXELS)


@both
def test_a_classifier_gives_a_row_of_scores_for_each_picture(tmp_path, backend):
    pixels = PIXELS.copy()
    pixels[1] = (255, 0, 51)
    card = find_model(colour_classifier(tmp_path))
    scores = load_backend(card, backend=backend, precision="f32").infer(pixels)["class_scores"]
    np.testing.assert_allclose(scores, [[0, 0], [40, 0]], atol=1e-3)


@both
def test_a_detector_gives_its_rows_for_each_picture(tmp_path, backend):
    rows = [[1, 2, 3, 4, 0.5, 0], [5, 6, 7, 8, 0.25, 1]]
    found = run(row_detector(tmp_path, rows), backend)["detections"]
    np.testing.assert_allclose(found, [rows, rows], atol=1e-4)


@both
def test_a_nanodet_gives_scores_and_bins_of_every_stride(tmp_path, backend):
    answers = nanodet_answers([(16, 1, 2, 0.75, 1)])
    network = constant_network(answers)
    found = run(write_model(tmp_path, network, family="nanodet", outputs=NANODET), backend)
    assert found["object_scores_8"].shape == (2, 16, 3)
    assert found["object_scores_16"][0, 1].tolist() == [0, 0, 0.75]
    assert found["side_bins_32"].shape == (2, 1, 44)


@both
def test_more_labels_than_classes_are_refused_by_number(tmp_path, backend):
    path = colour_classifier(tmp_path, labels=["red", "blue", "green"])
    problem = r"output 'scores' is \(\?, 2\); the card promises \(\?, 3\).* has 3 labels"
    with pytest.raises(ModelError, match=problem):
        run(path, backend)


@both
def test_rows_of_another_length_are_refused(tmp_path, backend):
    network = constant_network({"rows": np.zeros((5, 7), np.float32)})
    path = write_model(tmp_path, network, family="detections", outputs={"rows": "detections"})
    with pytest.raises(ModelError, match=r"'rows' is \(\?, 5, 7\).*promises \(\?, \?, 6\)"):
        run(path, backend)


@both
def test_a_grid_of_another_size_is_refused(tmp_path, backend):
    answers = nanodet_answers([])
    answers["reg_s16"] = np.zeros((5, 44), np.float32)
    path = write_model(tmp_path, constant_network(answers), family="nanodet", outputs=NANODET)
    problem = r"'reg_s16' is \(\?, 5, 44\).*promises \(\?, 4, \?\)"
    with pytest.raises(ModelError, match=problem):
        run(path, backend)


def test_what_comes_out_is_compared_where_a_network_told_nothing(tmp_path):
    card = find_model(colour_classifier(tmp_path))
    check_rows(card, "scores", np.zeros((2, 2), np.float32), (2, 2))
    with pytest.raises(InferenceError, match=r"'scores' is \(2, 3\) float32; .*\(2, 2\)"):
        check_rows(card, "scores", np.zeros((2, 3), np.float32), (2, 2))
    with pytest.raises(InferenceError, match=r"\(2, 2\) float64; the card promises"):
        check_rows(card, "scores", np.zeros((2, 2)), (2, 2))  # type: ignore[arg-type]

"""Cards of classifiers and detectors have no keypoints, but labels."""

from pathlib import Path

import pytest

from posestream.errors import ModelError
from posestream.models.registry import find_model
from tiny_secondary import NANODET, colour_classifier, row_detector, write_model


def test_a_classifier_needs_no_topology_and_names_its_classes(tmp_path: Path):
    card = find_model(colour_classifier(tmp_path))
    assert (card.family, card.labels, card.activation) == ("classifier", ("red", "blue"), "softmax")
    assert card.topology.keypoints == ()


@pytest.mark.parametrize("name", ["nanodet-coco80", "detections-coco80"])
def test_templates_for_coco_name_80_objects(tmp_path: Path, name: str):
    network = tmp_path / "own.onnx"
    network.write_bytes(b"weights")
    card = find_model(network, card=name)
    assert (len(card.labels), card.labels[0], card.labels[79]) == (80, "person", "toothbrush")


def test_scores_of_a_detector_are_taken_as_they_are(tmp_path: Path):
    path = row_detector(tmp_path, [[0, 0, 1, 1, 0.5, 0]], activation="sigmoid")
    with pytest.raises(ModelError, match=r"activation: 'sigmoid' is not allowed; family 'det"):
        find_model(path)


def test_an_unknown_activation_is_answered_with_the_nearest(tmp_path: Path):
    path = colour_classifier(tmp_path, activation="softmx")
    with pytest.raises(ModelError, match=r"activation: 'softmx'.*Did you mean 'softmax'"):
        find_model(path)


def test_a_nanodet_needs_all_six_outputs(tmp_path: Path):
    outputs = {name: meaning for name, meaning in NANODET.items() if name != "reg_s8"}
    path = write_model(tmp_path, b"network", family="nanodet", outputs=outputs)
    with pytest.raises(ModelError, match=r"needs each once: .*side_bins_8"):
        find_model(path)

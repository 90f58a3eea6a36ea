"""A card names a network's inputs and outputs, or counts them."""

from dataclasses import replace

import numpy as np
import pytest

from posestream.errors import InferenceError, ModelError
from posestream.inference.contract import input_conflict, port_names, run_checked
from posestream.inference.loading import load_backend
from posestream.models.card import MEANINGS

COUNTED = {"#1": "part_affinity_fields", "#0": "confidence_maps"}


def test_names_are_taken_as_written(tiny_model):
    card = tiny_model()
    assert port_names(card, ["image"], ["spare", "fields", "maps"]) == ("image", ["maps", "fields"])


def test_what_is_counted_gets_the_networks_own_name(tiny_model):
    card = tiny_model(name="#0", outputs=COUNTED)
    assert port_names(card, ["input_0"], ["cmap", "paf"]) == ("input_0", ["paf", "cmap"])


@pytest.mark.parametrize(
    ("inputs", "outputs", "problem"),
    [
        (["pixels"], ["maps", "fields"], r"input.name: 'image'.*network's inputs: pixels"),
        (["image", "size"], ["maps", "fields"], r"network's inputs: image, size"),
        (["image"], ["maps"], r"outputs: 'fields'.*network's outputs: maps"),
    ],
)
def test_a_network_with_other_ports_is_refused(tiny_model, inputs, outputs, problem):
    with pytest.raises(ModelError, match=problem):
        port_names(tiny_model(), inputs, outputs)


def test_there_is_no_output_after_the_last(tiny_model):
    card = tiny_model(outputs={"#0": "confidence_maps", "#2": "part_affinity_fields"})
    with pytest.raises(ModelError, match=r"outputs: '#2' is not allowed"):
        port_names(card, ["image"], ["maps", "fields"])


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_a_network_runs_by_counted_ports(tiny_model, answer, pictures, backend):
    card = tiny_model(
        name="image", outputs={"#1": "part_affinity_fields", "maps": "confidence_maps"}
    )
    maps = load_backend(card, backend=backend, precision="f32").infer(pictures())
    expected = answer(card, pictures())
    for meaning, array in maps.items():
        assert abs(array - expected[meaning]).max() < 1e-3


PIXELS = np.zeros((2, 64, 48, 3), np.uint8)
SHAPES = {
    "single": [(1, 2, 3)],
    "simcc": [(2, 96), (2, 128)],
    "heatmap": [(2, 16, 12)],
    "yolo": [(11, 7)],
    "yolo-end2end": [(7, 12)],
    "rtmo": [(7, 5), (7, 2, 3)],
    "movenet-multi": [(7, 11)],
}
"""Outputs per picture of PIXELS for a topology of two keypoints."""


def card_of(tiny_model, family):
    outputs = {f"out{n}": meaning for n, meaning in enumerate(MEANINGS[family])}
    size = {"long_side": None, "fixed_size": (48, 64)}
    card = tiny_model(**size)
    return replace(card, family=family, outputs=outputs)


@pytest.mark.parametrize("family", sorted(SHAPES))
def test_outputs_have_the_shapes_of_their_family(tiny_model, family):
    card = card_of(tiny_model, family)
    arrays = [np.zeros((2, *shape), np.float32) for shape in SHAPES[family]]
    maps = run_checked(card, PIXELS, lambda _: arrays)
    assert list(maps) == list(MEANINGS[family])


@pytest.mark.parametrize("family", sorted(SHAPES))
def test_an_output_of_another_topology_is_named_with_both_shapes(tiny_model, family):
    card = card_of(tiny_model, family)
    keypoints = ("hand", "elbow", "shoulder")
    wrong = replace(card, topology=replace(card.topology, keypoints=keypoints))
    arrays = [np.zeros((2, *shape), np.float32) for shape in SHAPES[family]]
    with pytest.raises(InferenceError, match=r"output 'out\d' is \(2, .*the card promises \(2, "):
        run_checked(wrong, PIXELS, lambda _: arrays)


def test_pictures_with_more_and_fewer_people_make_one_batch(tiny_model):
    card = card_of(tiny_model, "rtmo")
    card = replace(card, input=replace(card.input, batch=1))
    parts = iter([3, 1])

    def run(_):
        people = next(parts)
        return [np.ones((1, people, 5), np.float32), np.ones((1, people, 2, 3), np.float32)]

    maps = run_checked(card, PIXELS, run)
    assert maps["person_boxes"].shape == (2, 3, 5)
    assert maps["box_keypoints"][1].sum() == 6


@pytest.mark.parametrize(
    ("declared", "conflict"),
    [
        ((None, 64, 48, 3), None),
        ((1, None, None, 3), None),
        ((1, 64, 64, 3), r"input 'image' is \(1, 64, 64, 3\); the card promises \(B, 64, 48, 3\)"),
        ((None, 3, 64, 48), r"input 'image' is \(free, 3, 64, 48\)"),
        ((64, 48), "the card promises"),
    ],
)
def test_an_input_of_another_size_or_layout_is_named_with_both_shapes(
    tiny_model, declared, conflict
):
    found = input_conflict(card_of(tiny_model, "single"), "image", declared)
    if conflict is None:
        assert found is None
    else:
        with pytest.raises(ModelError, match=conflict):
            raise ModelError(found)

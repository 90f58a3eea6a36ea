"""A card names a network's inputs and outputs, or counts them."""

import pytest

from posestream.errors import ModelError
from posestream.inference.contract import port_names
from posestream.inference.loading import load_backend

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

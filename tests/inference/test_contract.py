"""A card names a network's inputs and outputs, or counts them."""

import numpy as np
import pytest

from posestream.errors import ModelError, OutOfMemoryError
from posestream.inference.contract import port_names, run_checked
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


def test_a_batch_without_room_is_halved_once(tiny_model, answer, pictures, caplog):
    card, sizes = tiny_model(), []

    def run(pixels):
        sizes.append(len(pixels))
        if len(pixels) > 3:
            raise OutOfMemoryError("model 'tiny': out of memory")
        return [np.asarray(m, np.float32) for m in answer(card, pixels).values()]

    maps = run_checked(card, pictures(batch=5), run)
    assert sizes == [5, 3, 2]
    assert "trying half of it" in caplog.text
    np.testing.assert_allclose(
        maps["confidence_maps"], answer(card, pictures(batch=5))["confidence_maps"], rtol=1e-6
    )


@pytest.mark.parametrize("batch", [1, 4])
def test_no_room_for_half_is_an_error(tiny_model, pictures, batch):
    def run(pixels):
        raise OutOfMemoryError("model 'tiny': out of memory")

    with pytest.raises(OutOfMemoryError, match="out of memory"):
        run_checked(tiny_model(), pictures(batch=batch), run)

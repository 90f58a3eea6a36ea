"""A card names a network's inputs and outputs, or counts them."""

from dataclasses import replace

import numpy as np
import pytest

from posestream.errors import InferenceError, ModelError, OutOfMemoryError
from posestream.inference.contract import Port, chosen_ports, run_checked
from posestream.inference.loading import load_backend
from posestream.models.card import MEANINGS

COUNTED = {"#1": "part_affinity_fields", "#0": "confidence_maps"}


def ports(*names):
    """Make ports of unknown shape."""
    return [Port(name) for name in names]


def test_names_are_taken_as_written(tiny_model):
    card = tiny_model()
    names = chosen_ports(card, ports("image"), ports("spare", "fields", "maps"))
    assert names == ("image", ["maps", "fields"])


def test_what_is_counted_gets_the_networks_own_name(tiny_model):
    card = tiny_model(name="#0", outputs=COUNTED)
    names = chosen_ports(card, ports("input_0"), ports("cmap", "paf"))
    assert names == ("input_0", ["paf", "cmap"])


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
        chosen_ports(tiny_model(), ports(*inputs), ports(*outputs))


def test_there_is_no_output_after_the_last(tiny_model):
    card = tiny_model(outputs={"#0": "confidence_maps", "#2": "part_affinity_fields"})
    with pytest.raises(ModelError, match=r"outputs: '#2' is not allowed"):
        chosen_ports(card, ports("image"), ports("maps", "fields"))


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


@pytest.mark.parametrize(
    ("shape", "layout", "problem"),
    [
        ((None, 3, 416, 416), "NCHW", r"is \(\?, 3, 416, 416\);.*needs input.fixed_size"),
        ((None, 3, None, None), "NHWC", r"is \(\?, 3, \?, \?\); .*promises \(\?, \?, \?, 3\)"),
        ((1, 1, 8, 8), "NCHW", r"input 'image' is \(1, 1, 8, 8\)"),
        ((8, 8, 3), "NHWC", r"input 'image' is \(8, 8, 3\)"),
    ],
)
def test_an_input_of_another_shape_is_named_with_both(tiny_model, shape, layout, problem):
    card = tiny_model(layout=layout)
    with pytest.raises(ModelError, match=problem):
        chosen_ports(card, [Port("image", shape)], ports("maps", "fields"))


@pytest.mark.parametrize(("shape", "fits"), [((None, 1, None, None), False), ((1, 19, 8, 8), True)])
def test_an_output_needs_a_channel_for_every_keypoint(tiny_model, shape, fits):
    given = [Port("maps", shape), Port("fields")]
    if fits:
        assert chosen_ports(tiny_model(), ports("image"), given)
        return
    with pytest.raises(
        ModelError, match=r"'maps' is \(\?, 1, \?, \?\); .*'arm'.*\(\?, 2, .*or more"
    ):
        chosen_ports(tiny_model(), ports("image"), given)


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_a_network_of_another_layout_is_refused_as_it_loads(tiny_model, pictures, backend):
    content = tiny_model(layout="NCHW").read_weights()
    with pytest.raises(ModelError, match=r"input 'image' is \(\?, 3, \?, \?\)"):
        load_backend(tiny_model(network=content), backend=backend).infer(pictures())


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


@pytest.mark.parametrize("family", sorted(SHAPES))
def test_ports_of_another_topology_are_refused_as_they_load(tiny_model, family):
    card = card_of(tiny_model, family)
    outputs = [Port(f"out{n}", (None, *shape)) for n, shape in enumerate(SHAPES[family])]
    assert chosen_ports(card, ports("image"), outputs)
    wrong = replace(card, topology=replace(card.topology, keypoints=("a", "b", "c")))
    with pytest.raises(ModelError, match=r"output 'out\d' is \(\?, .*topology 'arm' it must be"):
        chosen_ports(wrong, ports("image"), outputs)

"""Both libraries do what the card says, and the same."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from posestream.errors import ConfigError, DamagedModelError, InferenceError, ModelError
from posestream.inference.loading import load_backend
from posestream.models.registry import find_model, list_models
from posestream.topology import Topology

BOTH = pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])


@BOTH
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("colour", ["RGB", "BGR"])
@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32"])
def test_pixels_go_in_as_the_card_says(
    tiny_model, answer, pictures, backend, layout, colour, dtype
):
    scaling = {"scale": 0.5, "mean": (1.0, 2.0, 3.5), "std": (4.0, 5.0, 6.0)}
    spec = scaling if dtype == "float32" else {}
    card = tiny_model(layout=layout, colour=colour, dtype=dtype, **spec)
    pixels = pictures(batch=2)
    maps = load_backend(card, backend=backend).infer(pixels)
    expected = answer(card, pixels)
    assert list(maps) == ["confidence_maps", "part_affinity_fields"]
    for name, array in maps.items():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        np.testing.assert_allclose(array, expected[name], rtol=1e-5, atol=1e-4)


@BOTH
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_any_batch_and_size_may_come_in_any_order(tiny_model, answer, pictures, backend, batch):
    card = tiny_model()
    network = load_backend(card, backend=backend)
    for width in (8, 12, 16, 20, 8):
        pixels = pictures(batch, 4, width, seed=width)
        expected = answer(card, pixels)["confidence_maps"]
        np.testing.assert_allclose(network.infer(pixels)["confidence_maps"], expected, rtol=1e-5)


@BOTH
def test_a_network_of_batch_one_takes_more_piece_by_piece(tiny_model, answer, pictures, backend):
    card = tiny_model(batch=1)
    pixels = pictures(batch=3)
    maps = load_backend(card, backend=backend).infer(pixels)
    np.testing.assert_allclose(
        maps["part_affinity_fields"], answer(card, pixels)["part_affinity_fields"], rtol=1e-5
    )


@BOTH
def test_pixels_need_not_lie_side_by_side(tiny_model, answer, pictures, backend):
    card = tiny_model()
    pixels = pictures(1, 8, 32)[:, :, ::2]
    maps = load_backend(card, backend=backend).infer(pixels)
    expected = answer(card, np.ascontiguousarray(pixels))["confidence_maps"]
    np.testing.assert_allclose(maps["confidence_maps"], expected, rtol=1e-5)


@BOTH
def test_the_caller_owns_the_maps(tiny_model, pictures, backend):
    network = load_backend(tiny_model(), backend=backend)
    first = network.infer(pictures(seed=1))["confidence_maps"]
    before = first.copy()
    network.infer(pictures(seed=2))
    np.testing.assert_array_equal(first, before)
    first[:] = 0
    assert first.flags.writeable


@BOTH
@pytest.mark.parametrize("streams", [1, 2])
def test_several_threads_may_ask_at_once(tiny_model, answer, pictures, backend, streams):
    card = tiny_model()
    network = load_backend(card, backend=backend, threads=2, streams=streams)
    batches = [pictures(1, 4, 4 + 4 * (n % 5), seed=n) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        for pixels, maps in zip(batches, pool.map(network.infer, batches), strict=True):
            expected = answer(card, pixels)["confidence_maps"]
            np.testing.assert_allclose(maps["confidence_maps"], expected, rtol=1e-5)


@BOTH
def test_what_runs_is_described(tiny_model, pictures, backend):
    network = load_backend(
        tiny_model(), backend=backend, precision="f32", threads=2, streams=1, cache=False
    )
    before = network.description
    network.infer(pictures())
    assert network.description == before
    assert before.endswith("CPU, f32, 2 threads, 1 stream")


@BOTH
@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((1, 8, 8, 3), np.float32), r"float32; allowed: \(B, H, W, 3\) uint8"),
        (np.zeros((8, 8, 3), np.uint8), r"pixels are \(8, 8, 3\) uint8"),
        (np.zeros((1, 8, 8, 4), np.uint8), r"pixels are \(1, 8, 8, 4\)"),
        (np.zeros((0, 8, 8, 3), np.uint8), r"with B of 1 or more"),
        (np.zeros((1, 8, 6, 3), np.uint8), r"6 x 8 pixels; allowed: positive multiples of 4"),
    ],
)
def test_pixels_the_card_does_not_allow_are_refused(tiny_model, backend, pixels, message):
    with pytest.raises(InferenceError, match=f"model 'tiny': .*{message}"):
        load_backend(tiny_model(), backend=backend).infer(pixels)


@BOTH
def test_a_network_that_breaks_its_card_is_named(tiny_model, pictures, backend):
    wrong_stride = tiny_model(stride=8)
    message = r"'tiny': output 'maps' is \(1, 2, 2, 4\) float32; the card promises \(1, 2, 1, 2\)"
    with pytest.raises(InferenceError, match=message):
        load_backend(wrong_stride, backend=backend).infer(pictures())


@BOTH
def test_more_channels_than_the_topology_needs_are_fine_and_fewer_are_not(
    tiny_model, pictures, backend
):
    hand = Topology("hand", ("a", "b", "c"), ((0, 1),), paf_channels=((0, 1),))
    with pytest.raises(
        ModelError, match=r"'maps' is \(\?, 2, .* must be \(\?, 3, \?, \?\) or more"
    ):
        load_backend(tiny_model(topology=hand), backend=backend).infer(pictures())
    outputs = {"spare": "confidence_maps", "fields": "part_affinity_fields"}
    maps = load_backend(tiny_model(outputs=outputs), backend=backend).infer(pictures())
    assert maps["confidence_maps"].shape == (1, 3, 2, 4)


@BOTH
def test_a_network_that_fails_is_an_inference_error(tiny_model, pictures, backend):
    network = load_backend(tiny_model(fails_unless=(8, 16)), backend=backend)
    network.infer(pictures(1, 8, 16))
    with pytest.raises(InferenceError, match="model 'tiny' failed: "):
        network.infer(pictures(1, 8, 12))
    network.infer(pictures(1, 8, 16))


@BOTH
@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"name": "picture"}, "input.name: 'picture' is not allowed; the network's inputs: image"),
        (
            {"outputs": {"heat": "confidence_maps", "fields": "part_affinity_fields"}},
            "outputs: 'heat' is not allowed; the network's outputs: .*maps",
        ),
        ({"network": b"not a network"}, "not an ONNX file"),
    ],
)
def test_a_network_that_is_not_its_cards_is_refused(tiny_model, pictures, backend, card, message):
    with pytest.raises(ModelError, match=f"model 'tiny': .*{message}"):
        load_backend(tiny_model(**card), backend=backend).infer(pictures())


@BOTH
def test_damaged_weights_are_refused_when_loading(tiny_model, backend):
    card = tiny_model()
    content = bytearray(card.weights.read_bytes())
    content[-1] ^= 1
    card.weights.write_bytes(content)
    with pytest.raises(DamagedModelError, match=card.sha256):
        load_backend(card, backend=backend)


@BOTH
def test_more_streams_than_threads_are_refused(tiny_model, backend):
    with pytest.raises(ConfigError, match="threads: 1 is not allowed with 2 streams"):
        load_backend(tiny_model(), backend=backend, threads=1, streams=2)


def photographs(shared: Path, size: tuple[int, int]) -> np.ndarray:
    files = sorted((shared / "data" / "coco" / "val").iterdir())[:2]
    pictures = [cv2.imread(str(file)) for file in files]
    return np.stack([cv2.resize(p, size)[..., ::-1] for p in pictures if p is not None])


@pytest.mark.parametrize("name", [card.name for card in list_models()])
def test_both_libraries_say_the_same_about_photographs(shared, name):
    card = find_model(name)
    pixels = photographs(shared, card.input.fixed_size or (256, 192))
    ours, other = (
        load_backend(card, backend=b, precision="f32") for b in ("openvino", "onnxruntime")
    )
    maps, others = ours.infer(pixels), other.infer(pixels)
    assert sorted(maps) == sorted(card.outputs.values())
    for meaning, array in maps.items():
        assert np.abs(array - others[meaning]).max() < 1e-3, meaning
    alone = ours.infer(pixels[1:])
    for meaning, array in maps.items():
        np.testing.assert_array_equal(array[1:], alone[meaning])

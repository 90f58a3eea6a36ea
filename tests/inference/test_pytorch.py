"""torch says the same as ONNX Runtime."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from posestream.errors import ConfigError, InferenceError, ModelError, OutOfMemoryError
from posestream.inference.loading import load_backend
from posestream.models.registry import find_model

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_pixels_go_in_as_the_card_says(tiny_model, answer, pictures, layout, colour):
    scaling = {"scale": 0.5, "mean": (1.0, 2.0, 3.5), "std": (4.0, 5.0, 6.0)}
    card = tiny_model(layout=layout, colour=colour, dtype="float32", **scaling)
    maps = load_backend(card, backend="torch").infer(pictures(batch=2))
    expected = answer(card, pictures(batch=2))
    for name, array in maps.items():
        np.testing.assert_allclose(array, expected[name], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", ["movenet-multipose", "movenet-paf", "movenet-thunder"])
def test_the_embedded_networks_say_what_they_say_elsewhere(name, pictures):
    card = find_model(name)
    width, height = card.input.fixed_size or (96, 64)
    pixels = pictures(2, height, width)
    expected = load_backend(card, backend="onnxruntime").infer(pixels)
    found = load_backend(card, backend="torch").infer(pixels)
    for meaning, array in expected.items():
        np.testing.assert_allclose(found[meaning], array, atol=1e-4 * np.abs(array).max())


def test_lower_precision_is_near(pictures):
    card = find_model("movenet-multipose")
    exact = load_backend(card, backend="torch").infer(pictures(1, 64, 64))
    near = load_backend(card, backend="torch", precision="bf16")
    heatmap = near.infer(pictures(1, 64, 64))["keypoint_heatmap"]
    assert 0 < np.abs(heatmap - exact["keypoint_heatmap"]).max() < 0.05
    assert ", bf16" in near.description


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["movenet-multipose", "movenet-paf", "movenet-thunder"])
def test_a_gpu_says_what_the_cpu_says(name, pictures):
    card = find_model(name)
    width, height = card.input.fixed_size or (96, 64)
    pixels = pictures(2, height, width)
    expected = load_backend(card, backend="torch").infer(pixels)
    found = load_backend(card, backend="torch", device="cuda", precision="f32").infer(pixels)
    for meaning, array in expected.items():
        np.testing.assert_allclose(found[meaning], array, atol=2e-2 * np.abs(array).max())


@pytest.mark.gpu
def test_a_batch_too_large_for_a_gpu_is_an_error(pictures):
    backend = load_backend(find_model("movenet-multipose"), backend="torch", device="cuda")
    with pytest.raises(OutOfMemoryError, match="out of memory with a batch of"):
        backend.infer(np.zeros((6000, 512, 512, 3), np.uint8))


def network(*nodes, **constants):
    """Make a network of float32 ``(B, 3, H, W)`` to ``maps`` and ``fields``."""
    shape = ["B", 3, "H", "W"]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("maps", "fields")],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


FOUR_BY_FOUR, THREE_BY_THREE = {"w": (3, 3, 4, 4)}, {"w": (3, 3, 3, 3)}
PARTS = [
    ("ConvTranspose", {"kernel_shape": [4, 4], "strides": [2, 2], "pads": [1] * 4}, FOUR_BY_FOUR),
    ("Conv", {"kernel_shape": [3, 3], "pads": [0, 1, 2, 1]}, THREE_BY_THREE),
    ("Conv", {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER", "strides": [2, 2]}, THREE_BY_THREE),
    ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, {}),
    ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}, {}),
    ("AveragePool", {"kernel_shape": [3, 3], "pads": [1] * 4}, {}),
    ("PRelu", {}, {"w": (3, 1, 1)}),
    ("LeakyRelu", {"alpha": 0.2}, {}),
    ("HardSigmoid", {"alpha": 0.1}, {}),
    ("Softmax", {"axis": 1}, {}),
    ("BatchNormalization", {}, {"s": (3,), "b": (3,), "m": (3,), "v": (3,)}),
    ("ReduceMean", {"axes": [2, 3]}, {}),
    ("GlobalAveragePool", {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "attributes", "weights"), PARTS, ids=lambda part: str(part)[:20]
)
def test_operators_are_onnx_runtimes(operator, attributes, weights):
    import onnx
    import onnxruntime

    from posestream.inference.torch_graph import TorchGraph

    rng = np.random.default_rng(0)
    constants = {n: rng.random(shape).astype(np.float32) for n, shape in weights.items()}
    node = helper.make_node(operator, ["image", *constants], ["maps"], **attributes)
    content = network(node, helper.make_node("Neg", ["maps"], ["fields"]), **constants)
    pixels = (rng.random((2, 3, 9, 12)) - 0.5).astype(np.float32)
    expected = onnxruntime.InferenceSession(content).run(None, {"image": pixels})
    graph = TorchGraph(
        onnx.load_model_from_string(content), device=torch.device("cpu"), dtype=torch.float32
    )
    for found, right in zip(
        graph.run(torch.from_numpy(pixels), ["maps", "fields"]), expected, strict=True
    ):
        np.testing.assert_allclose(found.numpy(), right, rtol=1e-5, atol=1e-6)


def test_an_operator_that_is_not_known_is_named(tiny_model):
    strange = network(
        helper.make_node("Erf", ["image"], ["maps"]), helper.make_node("Neg", ["maps"], ["fields"])
    )
    with pytest.raises(ModelError, match="torch cannot run its Erf; use backend openvino or onnx"):
        load_backend(tiny_model(network=strange, layout="NCHW", dtype="float32"), backend="torch")


def test_a_file_that_is_not_onnx_is_refused(tiny_model):
    with pytest.raises(ModelError, match="'tiny': torch cannot read it"):
        load_backend(tiny_model(network=b"\x08not a network"), backend="torch")


def test_a_gpu_that_is_not_there_is_refused(tiny_model):
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ConfigError, match="device: 'cuda:7' is not usable: torch sees 0 GPUs"):
        load_backend(tiny_model(), backend="torch", device="cuda:7")


def test_a_network_that_fails_says_so(tiny_model, pictures):
    backend = load_backend(tiny_model(fails_unless=(5, 5)), backend="torch")
    with pytest.raises(InferenceError, match="model 'tiny' failed"):
        backend.infer(pictures(1, 8, 12))

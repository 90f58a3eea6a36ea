"""A network in torch does less work than its file says, and says the same."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, load_model_from_string, numpy_helper

torch = pytest.importorskip("torch")

from posestream.inference.torch_graph import TorchGraph  # noqa: E402  (needs torch)
from posestream.inference.torch_steps import Step, simplified  # noqa: E402

RNG = np.random.default_rng(0)
NORM = {"s": (4,), "o": (4,), "m": (4,), "v": (4,)}
Graph = tuple[TorchGraph, bytes]


def made(*nodes, outputs=("maps",), **shapes) -> Graph:
    """Make a network of float32 ``(B, 4, H, W)`` with positive random weights."""
    port = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "small",
        [port("image", TensorProto.FLOAT, ["B", 4, "H", "W"])],
        [port(name, TensorProto.FLOAT, None) for name in outputs],
        [
            numpy_helper.from_array(RNG.random(shape).astype(np.float32), name)
            for name, shape in shapes.items()
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    run = TorchGraph(model, device=torch.device("cpu"), dtype=torch.float32)
    return run, model.SerializeToString()


def assert_says_what_onnx_runtime_says(made: Graph, outputs=("maps",)) -> None:
    import onnxruntime

    pixels = RNG.random((2, 4, 9, 12)).astype(np.float32) - 0.5
    expected = onnxruntime.InferenceSession(made[1]).run(list(outputs), {"image": pixels})
    found = made[0].run(torch.from_numpy(pixels), outputs)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), np.asarray(theirs), rtol=1e-4, atol=1e-5)


def operators(graph: TorchGraph) -> list[str]:
    return [step.operator for step in graph.steps]


def norm(source: str, name: str):
    return helper.make_node("BatchNormalization", [source, *NORM], [name], epsilon=1e-3)


@pytest.mark.parametrize("bias", [True, False], ids=["with a bias", "without"])
@pytest.mark.parametrize(
    ("operator", "weights", "groups"),
    [
        ("Conv", (4, 4, 3, 3), 1),
        ("Conv", (4, 2, 3, 3), 2),
        ("Conv", (4, 1, 3, 3), 4),
        ("ConvTranspose", (4, 4, 4, 4), 1),
        ("ConvTranspose", (4, 2, 4, 4), 2),
    ],
)
def test_a_convolution_takes_in_the_batch_norm_after_it(operator, weights, groups, bias):
    inputs = ["image", "w", *["b"] * bias]
    node = helper.make_node(operator, inputs, ["planes"], group=groups)
    shapes = {"w": weights, **({"b": (4,)} if bias else {}), **NORM}
    network = made(node, norm("planes", "maps"), **shapes)
    assert operators(network[0]) == [operator]
    assert_says_what_onnx_runtime_says(network)


def test_a_batch_norm_stays_where_others_use_the_convolution_too():
    convolution = helper.make_node("Conv", ["image", "w"], ["planes"])
    both = helper.make_node("Add", ["planes", "normal"], ["maps"])
    network = made(convolution, norm("planes", "normal"), both, w=(4, 4, 1, 1), **NORM)
    assert operators(network[0]) == ["Conv", "BatchNormalization", "Add"]
    assert_says_what_onnx_runtime_says(network)


def test_a_batch_norm_stays_where_the_convolution_comes_out():
    names = ("planes", "maps")
    convolution = helper.make_node("Conv", ["image", "w"], ["planes"])
    network = made(convolution, norm("planes", "maps"), outputs=names, w=(4, 4, 1, 1), **NORM)
    assert len(operators(network[0])) == 2
    assert_says_what_onnx_runtime_says(network, names)


def test_a_rectifier_writes_over_what_nobody_else_sees():
    convolution = helper.make_node("Conv", ["image", "w"], ["planes"])
    network = made(convolution, helper.make_node("Relu", ["planes"], ["maps"]), w=(4, 4, 1, 1))
    assert network[0].steps[1].in_place
    assert_says_what_onnx_runtime_says(network)


def test_a_rectifier_leaves_pictures_and_shared_tensors_alone():
    nodes = [
        helper.make_node("Relu", ["image"], ["bright"]),
        helper.make_node("Conv", ["image", "w"], ["planes"]),
        helper.make_node("Transpose", ["planes"], ["seen"], perm=[0, 1, 3, 2]),
        helper.make_node("Relu", ["planes"], ["maps"]),
        helper.make_node("Neg", ["seen"], ["fields"]),
    ]
    names = ("maps", "fields", "bright")
    network = made(*nodes, outputs=names, w=(4, 4, 1, 1))
    assert not any(step.in_place for step in network[0].steps)
    assert_says_what_onnx_runtime_says(network, names)


def test_copies_of_names_go_unless_they_come_out():
    nodes = [
        helper.make_node("Identity", ["image"], ["same"]),
        helper.make_node("Neg", ["same"], ["less"]),
        helper.make_node("Identity", ["less"], ["maps"]),
    ]
    network = made(*nodes)
    assert operators(network[0]) == ["Neg", "Identity"]
    assert_says_what_onnx_runtime_says(network)


def test_weights_lie_in_memory_as_pictures_do():
    network, _ = made(helper.make_node("Conv", ["image", "w"], ["maps"]), w=(8, 4, 3, 3))
    pixels = torch.rand(2, 9, 12, 4).permute(0, 3, 1, 2)
    [maps] = network.run(pixels, ["maps"])
    assert maps.is_contiguous(memory_format=torch.channels_last)
    [weight] = network.weights
    assert weight.is_contiguous(memory_format=torch.channels_last)


def test_weights_that_nobody_needs_any_more_are_let_go():
    constants = {"a": torch.ones(1), "b": torch.ones(1)}
    simplified([Step("Mul", {}, ("x", "b"), ("y",))], constants, keep={"y"})
    assert list(constants) == ["b"]


def test_a_network_can_be_read_from_its_file_in_float16():
    node = helper.make_node("Conv", ["image", "w"], ["planes"])
    _, content = made(node, norm("planes", "maps"), w=(4, 4, 3, 3), **NORM)
    half = TorchGraph(
        load_model_from_string(content), device=torch.device("cpu"), dtype=torch.float16
    )
    pixels = torch.rand(1, 4, 8, 8)
    [maps] = half.run(pixels.half(), ["maps"])
    whole = TorchGraph(
        load_model_from_string(content), device=torch.device("cpu"), dtype=torch.float32
    )
    [exact] = whole.run(pixels, ["maps"])
    assert maps.dtype == torch.float16
    torch.testing.assert_close(maps.float(), exact, rtol=5e-3, atol=5e-3)

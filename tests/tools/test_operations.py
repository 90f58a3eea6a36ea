"""Each operation gives in ONNX what TensorFlow documents it to give."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import pytest
from movenet.onnx_builder import OnnxBuilder
from movenet.operations import Translator
from movenet.tfjs_graph import Graph, Node
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

RNG = np.random.default_rng(0)
CONV = {"strides": [1, 1, 1, 1], "dilations": [1, 1, 1, 1], "padding": "SAME"}


def translate(
    operation: str,
    *,
    weights: Mapping[str, Any],
    name: str = "node",
    **attributes: Any,
) -> onnx.ModelProto:
    """Write one operation on the tensor ``image`` and the given weights as a network."""
    arrays = {key: np.asarray(value, np.float32) for key, value in weights.items()}
    node = Node(name, operation, ("image", *arrays), attributes)
    builder = OnnxBuilder()
    output = Translator(Graph({name: node}, arrays), builder, ("image", "image")).tensor(name)
    shape = ["B", "C", "H", "W"]
    return builder.model(
        name="test",
        image=helper.make_tensor_value_info("image", TensorProto.FLOAT, shape),
        outputs={output: helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)},
        metadata={},
    )


def run(model: onnx.ModelProto, image: np.ndarray) -> np.ndarray:
    """Run a network on an NHWC image and return NHWC."""
    (out,) = ReferenceEvaluator(model).run(None, {"image": image.transpose(0, 3, 1, 2)})  # pyright: ignore
    return np.asarray(out).transpose(0, 2, 3, 1)


def convolve(image: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """TensorFlow's SAME convolution, NHWC: padding is shared, the odd row goes to the end."""
    _, height, width, _ = image.shape
    rows, columns, _, filters = kernel.shape
    out = np.zeros((len(image), -(-height // stride), -(-width // stride), filters))
    pads = [
        max(0, (out.shape[axis + 1] - 1) * stride + size - image.shape[axis + 1])
        for axis, size in enumerate((rows, columns))
    ]
    padded = np.pad(image, ((0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)))
    for y in range(out.shape[1]):
        for x in range(out.shape[2]):
            patch = padded[:, y * stride :, x * stride :][:, :rows, :columns]
            out[:, y, x] = np.einsum("bijc,ijcf->bf", patch, kernel)
    return out


@pytest.mark.parametrize(("stride", "size"), [(1, (6, 8)), (2, (6, 8)), (2, (5, 7))])
@pytest.mark.parametrize("kernel", [1, 3])
def test_convolutions_pad_as_tensorflow_does(stride, size, kernel):
    image = RNG.normal(size=(2, *size, 3)).astype(np.float32)
    weights = RNG.normal(size=(kernel, kernel, 3, 4))
    attributes = CONV | {"strides": [1, stride, stride, 1]}
    out = run(translate("_FusedConv2D", weights={"kernel": weights}, **attributes), image)
    np.testing.assert_allclose(out, convolve(image, weights, stride), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("operation", ["DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"])
def test_depthwise_convolutions_keep_channels_apart(operation):
    image = RNG.normal(size=(1, 4, 4, 3)).astype(np.float32)
    weights = RNG.normal(size=(3, 3, 3, 1))
    out = run(translate(operation, weights={"kernel": weights}, **CONV), image)
    for channel in range(3):
        one = slice(channel, channel + 1)
        expected = convolve(image[..., one], weights[:, :, one], 1)
        np.testing.assert_allclose(out[..., one], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("steps", "low", "high"),
    [(["BiasAdd"], -99, 99), (["BiasAdd", "Relu"], 0, 99), (["BiasAdd", "Relu6"], 0, 6)],
)
def test_fused_steps_follow_the_convolution(steps, low, high):
    image = RNG.normal(size=(1, 2, 2, 3)).astype(np.float32) * 9
    bias = np.array([1, 2, 3])
    weights = {"kernel": np.eye(3)[None, None], "bias": bias}
    out = run(translate("_FusedConv2D", weights=weights, fused_ops=steps, **CONV), image)
    np.testing.assert_allclose(out, (image + bias).clip(low, high), rtol=1e-5)


@pytest.mark.parametrize(
    ("operation", "result"),
    [("AddV2", np.add), ("Mul", np.multiply), ("Sub", np.subtract)],
)
@pytest.mark.parametrize("constant", [2.5, [[[[1, 2, 3]]]]])
def test_arithmetic_takes_numbers_and_channels(operation, result, constant):
    image = RNG.normal(size=(1, 2, 4, 3)).astype(np.float32)
    out = run(translate(operation, weights={"constant": constant}), image)
    np.testing.assert_allclose(out, result(image, np.asarray(constant, np.float32)), rtol=1e-6)


def test_subtracting_nothing_is_left_out():
    builder = OnnxBuilder()
    node = Node("node", "Sub", ("image", "zeros"), {})
    graph = Graph({"node": node}, {"zeros": np.zeros((1, 1, 1, 3), np.float32)})
    assert Translator(graph, builder, ("image", "pixels")).tensor("node") == "pixels"


def test_resizing_doubles_from_half_pixel_centers():
    image = np.array([[0.0, 4.0]], np.float32).reshape(1, 1, 2, 1)
    attributes = {"half_pixel_centers": True, "align_corners": False}
    model = translate("ResizeBilinear", weights={}, name="up_sampling2d/resize", **attributes)
    out = run(model, image)
    np.testing.assert_allclose(out[0, :, :, 0], [[0, 1, 3, 4]] * 2)


def test_a_node_is_written_once():
    nodes = [
        Node("s", "Sigmoid", ("image",), {}),
        Node("sum", "AddV2", ("s", "s"), {}),
    ]
    builder = OnnxBuilder()
    graph = Graph({node.name: node for node in nodes}, {})
    Translator(graph, builder, ("image", "image")).tensor("sum")
    info = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["B", 1, "H", "W"])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, ["B", 1, "H", "W"])
    model = builder.model(name="test", image=info, outputs={"add_1": out}, metadata={})
    assert [node.op_type for node in model.graph.node] == ["Sigmoid", "Add", "Identity"]


@pytest.mark.parametrize(
    ("operation", "attributes", "message"),
    [
        ("TopKV2", {}, "node: operation TopKV2 is not supported"),
        ("_FusedConv2D", CONV | {"padding": "EXPLICIT"}, "padding EXPLICIT are not supported"),
        ("_FusedConv2D", CONV | {"dilations": [1, 2, 2, 1]}, r"dilations \[2, 2\]"),
        ("_FusedConv2D", CONV | {"fused_ops": ["Elu"]}, "fused step Elu is not supported"),
        ("ResizeBilinear", {"half_pixel_centers": True}, "only doubling"),
    ],
)
def test_what_is_not_known_is_refused(operation, attributes, message):
    with pytest.raises(ValueError, match=message):
        translate(operation, weights={"kernel": np.ones((1, 1, 1, 1))}, **attributes)


def test_large_weights_are_stored_small_if_that_loses_nothing():
    def stored(values: np.ndarray) -> list[int]:
        model = translate("Mul", weights={"weights": values})
        return [tensor.data_type for tensor in model.graph.initializer]

    exact = np.arange(1024).reshape(1, 32, 32, 1)
    assert stored(exact) == [TensorProto.FLOAT16]
    assert stored(exact[:, :8]) == [TensorProto.FLOAT]
    assert stored(exact / 3) == [TensorProto.FLOAT]
    out = run(translate("Mul", weights={"weights": exact}), np.ones((1, 32, 32, 1), np.float32))
    np.testing.assert_array_equal(out, exact)

"""Every kind of layer says in ONNX what it says in Caffe, edges and odd sizes included."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from caffe_files import random_weights
from posestream.errors import ModelError
from posestream.models.caffe.conversion import fitting_weights, write_layers
from posestream.models.caffe.layers import Layer, Network
from posestream.models.caffe.reference import run_network
from posestream.models.exporting.onnx_writer import OnnxWriter

CONVOLUTION = Layer(
    name="c", kind="Convolution", bottoms=("image",), top="c", channels=4, kernel=(3, 3)
)
POOLING = Layer(name="p", kind="Pooling", bottoms=("image",), top="p", kernel=(2, 2), stride=(2, 2))
LAYERS = {
    "padded convolution": replace(CONVOLUTION, pad=(1, 1)),
    "strided, dilated, oblong": replace(
        CONVOLUTION, kernel=(3, 2), stride=(2, 1), dilation=(2, 3), pad=(2, 0)
    ),
    "grouped, without bias": replace(CONVOLUTION, channels=6, group=3, has_bias=False),
    "maximum": POOLING,
    "maximum, rounding down": replace(POOLING, rounds_up=False),
    "maximum of 3, step 2": replace(POOLING, kernel=(3, 3)),
    "maximum of 3 with pad": replace(POOLING, kernel=(3, 3), pad=(1, 1)),
    "maximum whose last window would begin outside": replace(POOLING, pad=(1, 1)),
    "mean": replace(POOLING, pooling="AVE"),
    "mean of 3, step 2": replace(POOLING, pooling="AVE", kernel=(3, 3)),
    "rectifier": Layer(name="r", kind="ReLU", bottoms=("image",), top="r"),
    "leaky rectifier": Layer(
        name="r", kind="ReLU", bottoms=("image",), top="r", negative_slope=0.2
    ),
    "sloped rectifier": Layer(name="r", kind="PReLU", bottoms=("image",), top="r"),
    "rectifier of one slope": Layer(
        name="r", kind="PReLU", bottoms=("image",), top="r", is_shared=True
    ),
    "concatenation": Layer(name="j", kind="Concat", bottoms=("image", "image"), top="j"),
}


def run_onnx(network: Network, weights, image: np.ndarray, blob: str) -> np.ndarray:
    writer = OnnxWriter()
    tensors = write_layers(network, fitting_weights(network, weights), writer)
    content = writer.finish(
        name="net",
        image=(network.input, ["batch", 3, "height", "width"]),
        outputs={"out": (tensors[blob], ["batch", "channels", "rows", "columns"])},
        notes={},
    )
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(["out"], {network.input: image})
    return np.asarray(found)


@pytest.mark.parametrize("layer", LAYERS.values(), ids=list(LAYERS))
@pytest.mark.parametrize("size", [(8, 8), (9, 11), (10, 7)])
def test_a_layer_says_what_caffe_says(layer: Layer, size: tuple[int, int]):
    network = Network("image", (layer,))
    weights = random_weights(network)
    image = np.random.default_rng(0).standard_normal((2, 3, *size)).astype(np.float32)
    expected = run_network(network, weights, image)[layer.top]
    found = run_onnx(network, weights, image, layer.top)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_pooling_s_window_reaches_over_the_edge_as_in_caffe():
    image = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    up = run_network(Network("image", (POOLING,)), {}, image)["p"]
    np.testing.assert_array_equal(up[0, 0], [[4, 5], [7, 8]])
    down = run_network(Network("image", (replace(POOLING, rounds_up=False),)), {}, image)["p"]
    np.testing.assert_array_equal(down[0, 0], [[4]])
    mean = run_network(Network("image", (replace(POOLING, pooling="AVE"),)), {}, image)["p"]
    np.testing.assert_array_equal(mean[0, 0], [[2, 3.5], [6.5, 8]])


def test_a_layer_that_works_in_place_changes_what_later_layers_read():
    relu = Layer(name="r", kind="ReLU", bottoms=("c",), top="c")
    second = replace(CONVOLUTION, name="d", bottoms=("c",), top="d")
    network = Network("image", (CONVOLUTION, relu, second)).only(["d"])
    assert len(network.layers) == 3
    weights = random_weights(network)
    image = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    expected = run_network(network, weights, image)["d"]
    np.testing.assert_allclose(run_onnx(network, weights, image, "d"), expected, atol=1e-5)


def test_vectors_in_the_old_shape_fit():
    network = Network("image", (CONVOLUTION,))
    weight, bias = random_weights(network)["c"]
    fitting = fitting_weights(network, {"c": (weight, bias.reshape(1, 1, 1, 4))})
    assert fitting["c"][1].shape == (4,)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (None, r"layer 'c': has no weights; expected \(4, 3, 3, 3\) and \(4,\)"),
        ([(4, 3, 5, 5), (4,)], r"layer 'c': .*\(4, 3, 5, 5\) and \(4,\); expected \(4, 3, 3, 3\)"),
        ([(4, 3, 3, 3)], r"layer 'c': weights of shape \(4, 3, 3, 3\); expected"),
        ([(4, 3, 3, 3), (5,)], r"layer 'c': .*\(5,\); expected .*\(4,\)"),
        ([], r"layer 'c': weights of shape none; expected"),
    ],
)
def test_weights_of_another_shape_are_refused_by_layer_and_shapes(shapes, message: str):
    weights = {} if shapes is None else {"c": tuple(np.zeros(s, np.float32) for s in shapes)}
    with pytest.raises(ModelError, match=message):
        fitting_weights(Network("image", (CONVOLUTION,)), weights)


def test_layers_that_do_not_fit_each_other_are_refused():
    with pytest.raises(ModelError, match="layer 'c': no layer before it makes 'other'"):
        fitting_weights(Network("image", (replace(CONVOLUTION, bottoms=("other",)),)), {})
    with pytest.raises(ModelError, match="3 channels in and 4 out do not fall into 2 groups"):
        fitting_weights(Network("image", (replace(CONVOLUTION, group=2),)), {})
    with pytest.raises(ModelError, match="layer 'c': 2 bottoms; allowed: 1"):
        Network("image", (replace(CONVOLUTION, bottoms=("image", "image")),)).only(["c"])

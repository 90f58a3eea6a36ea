"""The INT8 network says nearly what the one in f32 says, in both libraries."""

import numpy as np
import onnxruntime
import pytest

from posestream.quantization.network import Convolution
from posestream.quantization.observing import observe
from posestream.quantization.qdq import corrected_bias, quantized, rounded_weights
from posestream.quantization.running import Runner

OUTPUTS = ["confidence", "affinity"]
SOUND = ["stem", "depthwise", "mix", "maps", "fields"]


@pytest.fixture
def observed(network, inputs):
    return observe(network, inputs)


def test_ranges_hold_what_was_seen_and_zero(observed):
    assert observed["stem"].low == 0
    assert 0.5 < observed["stem"].high <= 1
    assert observed["maps"].low < 0 < observed["maps"].high


def test_means_and_work_are_counted_by_convolution(observed, inputs):
    means = np.mean([one.mean((0, 1, 2)) / 255 for one in inputs], axis=0)
    np.testing.assert_allclose(observed["stem"].channel_means, means, rtol=1e-4)
    _, height, width, _ = inputs[0].shape
    made = 16 * height // 2 * width // 2
    assert observed["stem"].work == made * 27 + 10 * (made + 3 * height * width)


def test_weights_are_off_by_half_a_step_at_most_and_zero_stays_zero():
    weights = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).astype(np.float32)
    weights[2], weights[3, 0] = 0, 0
    whole, scales = rounded_weights(weights)
    steps = scales.reshape(-1, 1, 1, 1)
    assert whole.dtype == np.int8
    assert (np.abs(whole * steps - weights) <= steps / 2 + 1e-9).all()
    assert not whole[2].any()
    assert not whole[3, 0].any()


@pytest.mark.parametrize("groups", [1, 2, 6])
def test_the_bias_takes_back_the_shift_of_the_mean(groups):
    random = np.random.default_rng(1)
    weights = random.normal(size=(6, 6 // groups, 3, 3)).astype(np.float32)
    bias = random.normal(size=6).astype(np.float32)
    means = random.uniform(1, 2, 6)
    whole, scales = rounded_weights(weights)
    convolution = Convolution("c", "x", "y", weights, bias, groups)

    def output(matrix, shift):
        rows = matrix.sum((2, 3)).reshape(groups, 6 // groups, -1)
        return np.einsum("goi,gi->go", rows, means.reshape(groups, -1)).ravel() + shift

    corrected = corrected_bias(convolution, means)
    exact = output(weights, bias)
    np.testing.assert_allclose(
        output(whole * scales.reshape(-1, 1, 1, 1), corrected), exact, rtol=1e-5
    )
    assert np.abs(corrected - bias).max() > 1e-4


def test_no_layer_quantized_is_the_same_network(network, inputs, observed):
    [exact] = Runner(network.model, OUTPUTS).run_all(inputs[:1])
    [same] = Runner(quantized(network, observed, []), OUTPUTS).run_all(inputs[:1])
    for name in OUTPUTS:
        np.testing.assert_array_equal(exact[name], same[name])


@pytest.mark.parametrize("library", ["openvino", "onnxruntime"])
def test_the_int8_network_is_close_to_f32(network, inputs, observed, library):
    model = quantized(network, observed, SOUND)
    exact = Runner(network.model, OUTPUTS).run_all(inputs)
    if library == "openvino":
        found = Runner(model, OUTPUTS).run_all(inputs)
    else:
        session = onnxruntime.InferenceSession(model.SerializeToString())
        found = [
            dict(zip(OUTPUTS, session.run(OUTPUTS, {"image": one}), strict=True)) for one in inputs
        ]
    for one, other in zip(exact, found, strict=True):
        for name in OUTPUTS:
            off = np.abs(one[name] - np.asarray(other[name])).max()
            assert 0 < off < 0.1 * np.ptp(one[name])


def test_weights_are_kept_in_int8_only_and_tensors_are_rounded_once(network, observed):
    model = quantized(network, observed, ["maps", "fields"])
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("QuantizeLinear") == 1
    assert kinds.count("DequantizeLinear") == 3
    names = {one.name for one in model.graph.initializer}
    assert {"maps/weights/whole", "spread_wide"} <= names
    assert "maps_wide" not in names

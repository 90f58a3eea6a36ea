"""What is read is the network in f32, or the error says why it cannot be quantized."""

import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from posestream.errors import MissingDependencyError, ModelError
from posestream.quantization.network import read_float_network
from posestream.quantization.running import Runner

OUTPUTS = ["confidence", "affinity"]


def test_constants_are_worked_out_and_the_outputs_stay(model, network, inputs):
    kinds = [node.op_type for node in network.model.graph.node]
    assert kinds.count("Cast") == 1
    before, after = Runner(model, OUTPUTS).run_all(inputs), Runner(network.model, OUTPUTS)
    for one, other in zip(before, after.run_all(inputs), strict=True):
        for name in OUTPUTS:
            np.testing.assert_array_equal(one[name], other[name])


def test_every_convolution_is_at_hand_with_weights_bias_and_groups(network):
    names = [c.name for c in network.convolutions]
    assert names == ["stem", "depthwise", "mix", "spread", "maps", "fields"]
    stem, depthwise, mix, *_ = network.convolutions
    assert (stem.input, stem.output, stem.groups) == ("scaled", "stem", 1)
    assert (depthwise.groups, depthwise.weights.shape) == (16, (16, 1, 3, 3))
    assert stem.bias.any()
    assert not mix.bias.any()
    assert network.input_name == "image"


def test_nodes_without_a_name_get_one_each(model):
    for node in model.graph.node:
        node.name = ""
    names = [c.name for c in read_float_network(model.SerializeToString(), name="m").convolutions]
    assert len(set(names)) == 6


def test_an_old_operator_set_is_made_new(inputs):
    value = helper.make_tensor("w", TensorProto.FLOAT, [1, 3, 1, 1], [1.0, 2.0, 3.0])
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"])],
        "old",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 4, 4])],
        [value],
    )
    old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    network = read_float_network(old.SerializeToString(), name="old")
    assert network.model.opset_import[0].version >= 13
    assert len(network.convolutions) == 1


def without_convolutions(model: onnx.ModelProto) -> bytes:
    for node in model.graph.node:
        if node.op_type == "Conv":
            node.op_type = "ConvTranspose"
    return model.SerializeToString()


def already_quantized(model: onnx.ModelProto) -> bytes:
    model.graph.node[0].op_type = "QuantizeLinear"
    return model.SerializeToString()


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (lambda _: b"not onnx", "'net': onnx cannot read it"),
        (lambda _: b"", "'net': onnx cannot read it: it names no operator set"),
        (without_convolutions, "'net' has no convolution in f32 that could be quantized"),
        (already_quantized, "'net' is quantized already: it has QuantizeLinear"),
    ],
)
def test_what_cannot_be_quantized_is_refused(model, spoilt, message):
    with pytest.raises(ModelError, match=message):
        read_float_network(spoilt(model), name="net")


def test_missing_onnx_is_named_with_its_remedy(model, monkeypatch):
    content = model.SerializeToString()
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[quantize\]'"):
        read_float_network(content, name="net")

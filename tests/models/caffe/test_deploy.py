"""A prototxt is read as Caffe reads it; what cannot be converted is named."""

from pathlib import Path

import pytest

from caffe_files import prototxt
from posestream.errors import ModelError, SourceNotFoundError
from posestream.models.architectures.openpose_layers import openpose_body_25, openpose_coco
from posestream.models.caffe.deploy import parse_deploy, read_deploy

CONVOLUTION = """
input: "image"
layer {
  name: "c" type: "Convolution" bottom: "image" top: "c"
  convolution_param { num_output: 4 kernel_size: 3 }
}
"""


@pytest.mark.parametrize("network", [openpose_coco(19, 38), openpose_body_25(26, 52)])
def test_cmu_s_way_of_writing_gives_the_known_layers(tmp_path: Path, network):
    path = tmp_path / "deploy.prototxt"
    path.write_text(prototxt(network))
    assert read_deploy(path) == network


def test_numbers_may_be_given_per_axis_and_defaults_are_caffe_s():
    (layer,) = parse_deploy(
        CONVOLUTION.replace("kernel_size: 3", "kernel_h: 3 kernel_w: 5 pad: 1 pad: 2 group: 2")
    ).layers
    assert (layer.kernel, layer.pad, layer.stride, layer.group) == ((3, 5), (1, 2), (1, 1), 2)
    assert layer.has_bias


def test_comments_old_types_lists_and_other_brackets_are_understood():
    network = parse_deploy("""
    # how it was written in 2014
    input: 'data'; input_dim: [1, 3, 16, 16]
    layers < name: "p" type: POOLING bottom: "data" top: "p"
             pooling_param: { pool: AVE, kernel_size: 2 stride: 2 round_mode: FLOOR } >
    layers { name: "r" type: RELU bottom: "p" top: "p" relu_param { negative_slope: 1e-1 } }
    """)
    pooling, relu = network.layers
    assert (network.input, pooling.kind, pooling.pooling) == ("data", "Pooling", "AVE")
    assert not pooling.rounds_up
    assert (relu.kind, relu.negative_slope) == ("ReLU", 0.1)


def test_an_input_layer_is_an_input_and_training_layers_are_left_out():
    network = parse_deploy("""
    layer { name: "in" type: "Input" top: "image" input_param { shape { dim: 1 dim: 3 } } }
    layer { name: "d" type: "Data" top: "image" include { phase: TRAIN } }
    layer { name: "r" type: "ReLU" bottom: "image" top: "r" include { phase: TEST } }
    """)
    assert network.input == "image"
    assert [layer.name for layer in network.layers] == ["r"]


def test_only_the_layers_that_an_output_needs_are_kept_and_checked():
    text = CONVOLUTION + 'layer { name: "s" type: "Softmax" bottom: "c" top: "s" }'
    network = parse_deploy(text)
    assert [layer.name for layer in network.only(["c"]).layers] == ["c"]
    with pytest.raises(ModelError, match="layer 's': type 'Softmax' cannot be converted; allowed"):
        network.only(["s"])
    with pytest.raises(ModelError, match="no layer of the network makes the blob 'x'"):
        network.only(["x"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kernel_size: 3", "", "layer 'c': kernel_size: missing"),
        ("kernel_size: 3", "kernel_size: 300", "kernel_size: 300 is not allowed; allowed: 1 to"),
        ("kernel_size: 3", 'kernel_size: "3"', "kernel_size: '3' is not allowed"),
        ("kernel_size: 3", "kernel_size: 3 pad: -1", "pad: -1 is not allowed; allowed: 0 to"),
        ("kernel_size: 3", "kernel_size: 3 stride: 0", "stride: 0 is not allowed"),
        ("kernel_size: 3", "kernel_size: 1 " * 3, "kernel_size: 3 numbers are not allowed"),
        ("kernel_size: 3", "kernel_size: 3 axis: 2", "axis: 2 is not allowed"),
        ("num_output: 4", "num_output: 99999999", "num_output: 99999999 is not allowed"),
        ("num_output: 4", "num_output: 4.5", "num_output: 4.5 is not allowed"),
        ('type: "Convolution"', "", "type: missing in a layer"),
        ('name: "c"', "name: 3", "name: missing in a layer, or no text"),
        ('input: "image"', "", "0 inputs are not allowed; allowed: 1"),
        ("convolution_param {", "convolution_param 3 {", "line 5: '3' where ':'"),
        ("layer {", "layer: 3 x {", "layer: 3 is not allowed|where"),
        ('top: "c"', 'top: "c', "line 4: '\"' is not allowed"),
        ("3 }\n}", "3 }", "line 5: 'the end' is not the name of a field"),
        ("kernel_size: 3", "a { " * 10, "more than 8 messages inside each other"),
        ("kernel_size: 3", "kernel_size: }", "'}' is not a value"),
        ('input: "image"', "%", "line 2: '%' is not allowed"),
    ],
)
def test_a_wrong_text_is_refused_by_line_or_layer(tmp_path: Path, old: str, new: str, message: str):
    path = tmp_path / "deploy.prototxt"
    assert old in CONVOLUTION
    path.write_text(CONVOLUTION.replace(old, new, 1))
    with pytest.raises(ModelError, match=rf"deploy\.prototxt: .*({message})"):
        read_deploy(path)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("pool: STOCHASTIC kernel_size: 2", "pool 'STOCHASTIC' cannot be converted"),
        ("pool: AVE kernel_size: 2 pad: 1", "average pooling with pad cannot be converted"),
        ("global_pooling: true", "global_pooling cannot be converted"),
    ],
)
def test_poolings_that_onnx_does_differently_are_refused(parameters: str, message: str):
    text = f"""input: "image"
    layer {{ name: "p" type: "Pooling" bottom: "image" top: "p" pooling_param {{ {parameters} }} }}
    """
    with pytest.raises(ModelError, match=f"layer 'p': {message}"):
        parse_deploy(text).only(["p"])


def test_a_text_of_megabytes_is_not_read(tmp_path: Path):
    path = tmp_path / "deploy.prototxt"
    path.write_text("#" * (2**20 + 1))
    with pytest.raises(ModelError, match="1048577 characters are not allowed"):
        read_deploy(path)
    path.write_text("#" * (2**22 + 1))
    with pytest.raises(ModelError, match="4194305 bytes are not allowed"):
        read_deploy(path)


def test_a_missing_or_binary_file_is_named(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"none\.prototxt: no such file"):
        read_deploy(tmp_path / "none.prototxt")
    path = tmp_path / "deploy.prototxt"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ModelError, match=r"deploy\.prototxt: cannot be read"):
        read_deploy(path)

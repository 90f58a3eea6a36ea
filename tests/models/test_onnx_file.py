"""A network is looked into before a library loads it."""

import contextlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, external_data_helper, helper, numpy_helper

from posestream.errors import ModelError
from posestream.inference.loading import load_backend
from posestream.models.onnx_file import MAX_BYTES, MAX_ELEMENTS, check_external, inspect
from posestream.models.registry import find_model, list_models

CARD = """
name = "own"
title = "An own network"
family = "paf"
topology = { name = "arm", keypoints = ["a", "b"], limbs = [[0, 1]], paf_channels = [[0, 1]] }
stride = 4

[input]
name = "image"
layout = "NCHW"
dtype = "float32"
colour = "RGB"
multiple = 4
long_side = 32

[outputs]
maps = "confidence_maps"
fields = "part_affinity_fields"
"""


def network(*, opset: int = 17, extra: tuple = (), numbers: dict | None = None) -> onnx.ModelProto:
    """Make a network whose maps are a 4 x 4 convolution of the picture."""
    weights = np.full((2, 3, 4, 4), 0.01, np.float32)
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", 2, "h", "w"])
        for name in ("maps", "fields")
    ]
    graph = helper.make_graph(
        [
            *extra,
            helper.make_node("Conv", ["image", "w"], ["maps"], strides=[4, 4]),
            helper.make_node("Neg", ["maps"], ["fields"]),
        ],
        "own",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["B", 3, "H", "W"])],
        outputs,
        [
            numpy_helper.from_array(np.asarray(value), name)
            for name, value in {"w": weights, **(numbers or {})}.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def saved(folder: Path, model: onnx.ModelProto, *, location: str = "own.data") -> Path:
    """Write a network with its weights in another file, and its card."""
    external_data_helper.convert_model_to_external_data(
        model, location=location, size_threshold=0, convert_attribute=True
    )
    path = folder / "own.onnx"
    onnx.save_model(model, str(path))
    (folder / "card.toml").write_text(CARD)
    return path


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card.name)
def test_the_embedded_networks_are_whole(card):
    found = inspect(card.read_weights())
    assert (found.opset, found.external) == (17, ())


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_weights_may_lie_beside_the_network(tmp_path: Path, backend):
    path = saved(tmp_path, network())
    card = find_model(path, card=tmp_path / "card.toml")
    maps = load_backend(card, backend=backend).infer(np.full((1, 8, 8, 3), 100, np.uint8))
    np.testing.assert_allclose(maps["confidence_maps"], 48.0, rtol=1e-4)


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_weights_that_are_missing_are_named(tmp_path: Path, backend):
    path = saved(tmp_path, network())
    (tmp_path / "own.data").unlink()
    with pytest.raises(ModelError, match=r"model 'own': .*weights in 'own.data' are missing"):
        load_backend(find_model(path, card=tmp_path / "card.toml"), backend=backend)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "a/../../b", "C:\\w", "..\\w"])
def test_weights_outside_the_folder_are_refused(tmp_path: Path, name: str):
    with pytest.raises(ModelError, match=r"weights in .* are not allowed; allowed: files beside"):
        check_external((name,), tmp_path)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path):
    folder = tmp_path / "own"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "w").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="weights in 'w' are not allowed"):
        check_external(("w",), folder)


def test_weights_larger_than_onnx_allows_are_refused_unread(tmp_path: Path):
    with (tmp_path / "w").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ModelError, match=r"weights of 2048 MB are not allowed"):
        check_external(("w",), tmp_path)


@pytest.mark.parametrize("opset", [6, 99])
def test_an_opset_that_nobody_supports_is_refused(opset: int):
    with pytest.raises(ModelError, match=rf"opset {opset} is not allowed; allowed: 7 to"):
        inspect(network(opset=opset).SerializeToString())


@pytest.mark.parametrize("operator", ["ConstantOfShape", "Expand", "Tile"])
def test_a_tensor_that_a_shape_blows_up_is_refused(operator: str):
    inputs = ["size"] if operator == "ConstantOfShape" else ["w", "size"]
    bomb = network(
        extra=(helper.make_node(operator, inputs, ["bomb"]),),
        numbers={"size": np.array([MAX_ELEMENTS, 2, 1, 1], np.int64)},
    )
    with pytest.raises(ModelError, match=r"a tensor of 536870912 numbers is not allowed"):
        inspect(bomb.SerializeToString())


@pytest.mark.parametrize("content", [b"", b"\x08\x08", b"not a network", b"\x3a\xff\xff\x7f"])
def test_what_is_not_onnx_is_refused(content: bytes):
    with pytest.raises(ModelError, match="not an ONNX file"):
        inspect(content)


@given(st.binary(max_size=200), st.integers(0, 10**6))
def test_damage_is_never_more_than_a_refusal(junk: bytes, place: int):
    content = network().SerializeToString()
    place %= len(content)
    with contextlib.suppress(ModelError):
        inspect(content[:place] + junk + content[place + len(junk) :])

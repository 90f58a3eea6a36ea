"""A TensorFlow.js graph is read with its attributes and weights."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from movenet.tfjs_graph import read_graph


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    conv = {
        "name": "conv",
        "op": "_FusedConv2D",
        "input": ["image", "kernel"],
        "attr": {
            "padding": text("SAME"),
            "strides": {"list": {"i": ["1", "2", "2", "1"]}},
            "fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Relu")["s"]]}},
            "explicit_paddings": {"list": {}},
            "epsilon": {"f": 0.5},
            "use_cudnn_on_gpu": {"b": True},
            "T": {"type": "DT_FLOAT"},
        },
    }
    quantized = {"dtype": "float16", "original_dtype": "float32"}
    weights = [
        {"name": "kernel", "shape": [1, 3], "dtype": "float32", "quantization": quantized},
        {"name": "axis", "shape": [], "dtype": "int32"},
    ]
    path = tmp_path / "model.json"
    path.write_text(
        json.dumps(
            {
                "modelTopology": {"node": [{"name": "image", "op": "Placeholder"}, conv]},
                "weightsManifest": [{"paths": ["a.bin", "b.bin"], "weights": weights}],
            }
        )
    )
    content = np.array([0.5, 1, 2], np.float16).tobytes() + np.int32(7).tobytes()
    (tmp_path / "a.bin").write_bytes(content[:5])
    (tmp_path / "b.bin").write_bytes(content[5:])
    return path


def test_attributes_become_python_values(model: Path):
    conv = read_graph(model).nodes["conv"]
    assert conv.inputs == ("image", "kernel")
    assert conv.attributes == {
        "padding": "SAME",
        "strides": [1, 2, 2, 1],
        "fused_ops": ["BiasAdd", "Relu"],
        "explicit_paddings": [],
        "epsilon": 0.5,
        "use_cudnn_on_gpu": True,
        "T": None,
    }


def test_weights_are_joined_and_widened(model: Path):
    weights = read_graph(model).weights
    np.testing.assert_array_equal(weights["kernel"], np.array([[0.5, 1, 2]], np.float32))
    assert weights["kernel"].dtype == np.float32
    assert weights["axis"] == 7


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "end before kernel"), (b"123456", "have 11 bytes")]
)
def test_weights_of_another_size_are_refused(model: Path, content: bytes, message: str):
    (model.parent / "b.bin").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_graph(model)

"""A network is written as asked: version, float16 weights, names, free dimensions."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from posestream.errors import ConfigError
from posestream.models.exporting.onnx_writer import OPSETS, OnnxWriter, check_opset, stored

WEIGHT = np.random.default_rng(0).standard_normal((40, 3, 3, 3)).astype(np.float32)


def write(**options) -> bytes:
    writer = OnnxWriter(**options)
    tensor = writer.emit("Conv", ["image", writer.weight(WEIGHT)], kernel_shape=[3, 3])
    return writer.finish(
        name="net",
        image=("image", ["batch", 3, "height", "width"]),
        outputs={"maps": (tensor, ["batch", 40, "rows", "columns"])},
        notes={"source": "a test"},
    )


def run(content: bytes) -> np.ndarray:
    image = np.random.default_rng(1).standard_normal((2, 3, 8, 9)).astype(np.float32)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["maps"], {"image": image})[0])


@pytest.mark.parametrize("opset", [OPSETS.start, 13, 17, OPSETS.stop - 1])
def test_every_allowed_version_says_the_same(opset: int):
    content = write(opset=opset)
    assert onnx.load_from_string(content).opset_import[0].version == opset
    np.testing.assert_array_equal(run(content), run(write()))


@pytest.mark.parametrize("opset", [-1, 10, 22, 99])
def test_another_version_is_refused(opset: int):
    with pytest.raises(ConfigError, match=f"opset: {opset} is not allowed; allowed: 11 to 21"):
        check_opset(opset)
    with pytest.raises(ConfigError, match="opset"):
        OnnxWriter(opset=opset)


def test_float16_weights_are_half_as_large_and_computed_in_float32():
    content = write(half=True)
    assert len(content) < 0.6 * len(write())
    (tensor,) = onnx.load_from_string(content).graph.initializer
    np.testing.assert_array_equal(numpy_helper.to_array(tensor), WEIGHT.astype(np.float16))
    assert run(content).dtype == np.float32
    np.testing.assert_allclose(run(content), run(write()), atol=0.02)


@pytest.mark.parametrize(
    "values",
    [np.ones((3, 3), np.float32), np.ones(5000, np.float32), np.full((40, 40), 1e6, np.float32)],
    ids=["small", "vector", "too large for float16"],
)
def test_some_weights_stay_float32(values: np.ndarray):
    assert stored(values, half=True).dtype == np.float32


def test_notes_are_kept_in_the_file():
    model = onnx.load_from_string(write())
    assert {entry.key: entry.value for entry in model.metadata_props} == {"source": "a test"}
    assert model.producer_name == "posestream"

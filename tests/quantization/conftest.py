"""A small network with every kind of convolution, one of which suffers from 8 bits."""

from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from posestream.models.card import InputSpec, ModelCard
from posestream.models.card_writing import card_text
from posestream.models.registry import find_model
from posestream.quantization.network import FloatNetwork, read_float_network
from posestream.topology import Topology

ARM = Topology("arm", ("hand", "elbow"), ((0, 1),), paf_channels=((0, 1),))
HARMFUL = "spread"


def small_model() -> onnx.ModelProto:
    """Make six convolutions; ``spread`` reads one channel a thousand times as large as the rest."""
    random = np.random.default_rng(3)
    shapes = {
        "stem": (16, 3, 3, 3),
        "depthwise": (16, 1, 3, 3),
        "mix": (16, 16, 1, 1),
        "spread": (8, 16, 1, 1),
        "maps": (2, 8, 1, 1),
        "fields": (2, 8, 1, 1),
    }
    values = {name: random.normal(0, 0.5, shape) for name, shape in shapes.items()}
    values["mix"][0] *= 1000
    values["spread"][:, 0] /= 1000
    constants = [
        numpy_helper.from_array(value.astype(np.float16), f"{name}_half")
        for name, value in values.items()
    ]
    constants.append(numpy_helper.from_array(np.float32(1 / 255), "scale"))
    constants.append(numpy_helper.from_array(random.normal(0, 1, 16).astype(np.float32), "bias"))
    nodes = [
        helper.make_node("Cast", [f"{name}_half"], [f"{name}_wide"], to=TensorProto.FLOAT)
        for name in shapes
    ]
    nodes += [
        helper.make_node("Transpose", ["image"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["planes"], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["values", "scale"], ["scaled"]),
        conv("stem", "scaled", "bias", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["stem"], ["stem_relu"]),
        conv("depthwise", "stem_relu", "bias", pads=[1, 1, 1, 1], strides=[2, 2], group=16),
        helper.make_node("Relu", ["depthwise"], ["depthwise_relu"]),
        conv("mix", "depthwise_relu"),
        conv("spread", "mix"),
        conv("maps", "spread"),
        conv("fields", "spread"),
        helper.make_node("Identity", ["maps"], ["confidence"]),
        helper.make_node("Identity", ["fields"], ["affinity"]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["B", "H", "W", 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", 2, "h", "w"])
            for name in ("confidence", "affinity")
        ],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def conv(name: str, source: str, bias: str = "", **attributes: object) -> onnx.NodeProto:
    inputs = [source, f"{name}_wide", *([bias] if bias else [])]
    return helper.make_node("Conv", inputs, [name], name=name, **attributes)


@pytest.fixture
def model() -> onnx.ModelProto:
    """The small network."""
    return small_model()


@pytest.fixture
def network(model: onnx.ModelProto) -> FloatNetwork:
    """The small network, read."""
    return read_float_network(model.SerializeToString(), name="small")


@pytest.fixture
def inputs() -> list[np.ndarray]:
    """Smooth pictures as the network takes them."""
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (4, 1, 8, 12, 3), dtype=np.uint8)
    return [np.repeat(np.repeat(one, 4, axis=1), 4, axis=2) for one in coarse]


@pytest.fixture
def card(model: onnx.ModelProto, tmp_path: Path) -> ModelCard:
    """The card of the small network, on disk beside it."""
    content = model.SerializeToString()
    folder = tmp_path / "small"
    folder.mkdir()
    path = folder / "small.onnx"
    path.write_bytes(content)
    made = ModelCard(
        name="small",
        title="A small network",
        family="paf",
        topology=ARM,
        weights=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        stride=4,
        input=InputSpec(
            name="image", layout="NHWC", dtype="uint8", colour="RGB", multiple=4, long_side=64
        ),
        outputs={"confidence": "confidence_maps", "affinity": "part_affinity_fields"},
        licence="Apache-2.0",
        source="made up",
    )
    path.with_suffix(".toml").write_text(card_text(made))
    return find_model(path)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder with three pictures, two high and one wide."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    random = np.random.default_rng(7)
    for number, (height, width) in enumerate([(48, 64), (64, 32), (40, 40)]):
        coarse = random.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
        save(np.repeat(np.repeat(coarse, 8, axis=0), 8, axis=1), folder / f"{number}.png")
    return folder


def save(pixels: np.ndarray, path: Path) -> None:
    encoder = av.CodecContext.create("png", "w")
    height, width, _ = pixels.shape
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "rgb24"
    encoder.time_base = 1
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))

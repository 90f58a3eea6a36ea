"""Tiny networks with answers that can be worked out by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from posestream.models.card import InputSpec, ModelCard
from posestream.topology import Topology

ARM = Topology("arm", ("hand", "elbow"), ((0, 1),), paf_channels=((0, 1),))
TinyModel = Callable[..., ModelCard]


def tiny_network(
    *, layout: str, dtype: int, batch: int | str, fails_unless: tuple[int, int] | None
) -> onnx.ModelProto:
    """Average each 4 x 4 block; maps are channels 0 and 1, fields are channels 2 and 0."""
    shape = [batch, "H", "W", 3] if layout == "NHWC" else [batch, 3, "H", "W"]
    steps = [helper.make_node("Cast", ["image"], ["wide"], to=TensorProto.FLOAT)]
    if layout == "NHWC":
        steps.append(helper.make_node("Transpose", ["wide"], ["planes"], perm=[0, 3, 1, 2]))
    else:
        steps.append(helper.make_node("Identity", ["wide"], ["planes"]))
    constants = {"first": [0, 1], "last": [2, 0]}
    if fails_unless is not None:
        constants["shape"] = [-1, 3, *fails_unless]
        steps.append(helper.make_node("Reshape", ["planes", "shape"], ["held"]))
        steps.append(helper.make_node("Identity", ["held"], ["whole"]))
    else:
        steps.append(helper.make_node("Identity", ["planes"], ["whole"]))
    size: dict[str, Any] = {"kernel_shape": [4, 4], "strides": [4, 4]}
    steps.append(helper.make_node("AveragePool", ["whole"], ["means"], **size))
    steps.append(helper.make_node("Gather", ["means", "first"], ["maps"], axis=1))
    steps.append(helper.make_node("Gather", ["means", "last"], ["fields"], axis=1))
    steps.append(helper.make_node("Neg", ["means"], ["spare"]))
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, count, "h", "w"])
        for name, count in (("maps", 2), ("fields", 2), ("spare", 3))
    ]
    graph = helper.make_graph(
        steps,
        "tiny",
        [helper.make_tensor_value_info("image", dtype, shape)],
        outputs,
        [numpy_helper.from_array(np.array(v), name) for name, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def tiny_answer(card: ModelCard, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Work out what the tiny network says."""
    spec = card.input
    values = pixels.astype(np.float64)[..., ::-1] if spec.colour == "BGR" else pixels
    values = (values * spec.scale - np.array(spec.mean)) / np.array(spec.std)
    batch, height, width, _ = pixels.shape
    blocks = values.reshape(batch, height // 4, 4, width // 4, 4, 3).mean((2, 4))
    planes = blocks.transpose(0, 3, 1, 2)
    return {"confidence_maps": planes[:, [0, 1]], "part_affinity_fields": planes[:, [2, 0]]}


@pytest.fixture
def tiny_model(tmp_path: Path) -> TinyModel:
    """Make a card and a network; keyword arguments change the card."""

    def make(
        *,
        batch: int | None = None,
        network: bytes | None = None,
        fails_unless: tuple[int, int] | None = None,
        outputs: dict[str, str] | None = None,
        stride: int = 4,
        topology: Topology = ARM,
        **spec: Any,
    ) -> ModelCard:
        settings: dict[str, Any] = {
            "name": "image",
            "layout": "NHWC",
            "dtype": "uint8",
            "colour": "RGB",
        }
        settings |= {"multiple": 4, "long_side": 32, "batch": batch, **spec}
        kinds = {"uint8": TensorProto.UINT8, "int32": TensorProto.INT32}
        kind = kinds.get(str(settings["dtype"]), TensorProto.FLOAT)
        made = tiny_network(
            layout=str(settings["layout"]),
            dtype=kind,
            batch=batch or "B",
            fails_unless=fails_unless,
        )
        content = made.SerializeToString() if network is None else network
        path = tmp_path / "tiny.onnx"
        path.write_bytes(content)
        return ModelCard(
            name="tiny",
            title="A tiny network",
            family="paf",
            topology=topology,
            weights=path,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            stride=stride,
            input=InputSpec(**settings),
            outputs=outputs or {"maps": "confidence_maps", "fields": "part_affinity_fields"},
            licence="Apache-2.0",
            source="made up",
        )

    return make


@pytest.fixture
def answer() -> Callable[[ModelCard, np.ndarray], dict[str, np.ndarray]]:
    """What the tiny network should say."""
    return tiny_answer


@pytest.fixture
def pictures() -> Callable[..., np.ndarray]:
    """Make ``(B, H, W, 3)`` noise."""

    def make(batch: int = 1, height: int = 8, width: int = 16, *, seed: int = 0) -> np.ndarray:
        shape = (batch, height, width, 3)
        return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)

    return make


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep compiled networks of tests out of the user's cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("POSESTREAM_CACHE_DIR", str(folder))
    return folder

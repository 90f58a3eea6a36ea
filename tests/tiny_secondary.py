"""Tiny secondary networks with answers that can be worked out by hand, and their cards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 32
"""Width and height of every input, pixels."""
NANODET = {
    f"{short}_s{stride}": f"{long}_{stride}"
    for short, long in (("cls", "object_scores"), ("reg", "side_bins"))
    for stride in (8, 16, 32)
}
"""Outputs of a NanoDet and what they mean."""


def _model(steps, outputs: Mapping[str, Sequence[int | str]], constants) -> bytes:
    graph = helper.make_graph(
        steps,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["B", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def colour_network(*, sharpness: float = 1.0) -> bytes:
    """Give ``(B, 2)`` logits: how much strong red there is in a picture, how much strong blue."""
    steps = [
        helper.make_node("Gather", ["image", "red"], ["reds"], axis=1),
        helper.make_node("Gather", ["image", "blue"], ["blues"], axis=1),
        helper.make_node("Sub", ["reds", "blues"], ["redder"]),
        helper.make_node("Neg", ["redder"], ["bluer"]),
        helper.make_node("Concat", ["redder", "bluer"], ["both"], axis=1),
        helper.make_node("Sub", ["both", "faint"], ["strong"]),
        helper.make_node("Relu", ["strong"], ["only_strong"]),
        helper.make_node("ReduceMean", ["only_strong"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["means", "sharpness"], ["scores"]),
    ]
    constants = {
        "red": np.array([0]),
        "blue": np.array([2]),
        "faint": np.float32(0.4),
        "sharpness": np.float32(sharpness),
    }
    return _model(steps, {"scores": ["B", 2]}, constants)


def constant_network(answers: Mapping[str, np.ndarray]) -> bytes:
    """Give the same answers for every picture; each has the shape of one picture's output."""
    steps = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "nought"], ["nothing"]),
    ]
    constants = {"nought": np.float32(0)}
    outputs = {}
    for name, answer in answers.items():
        constants[f"{name}_axes"] = np.arange(1, answer.ndim + 1)
        constants[f"{name}_answer"] = np.asarray(answer, np.float32)[None]
        steps.append(helper.make_node("Unsqueeze", ["nothing", f"{name}_axes"], [f"{name}_wide"]))
        steps.append(helper.make_node("Add", [f"{name}_wide", f"{name}_answer"], [name]))
        outputs[name] = ["B", *answer.shape]
    return _model(steps, outputs, constants)


def nanodet_answers(
    objects: Sequence[tuple[int, int, int, float, float]], *, classes: int = 3, bins: int = 11
) -> dict[str, np.ndarray]:
    """Put objects into the cells of a NanoDet.

    Args:
        objects: Stride, cell, class, score and distance of every side from the cell's middle, in
            whole strides.
        classes: How many there are.
        bins: Distances that a side may have.
    """
    answers = {}
    for stride in (8, 16, 32):
        cells = (SIDE // stride) ** 2
        answers[f"cls_s{stride}"] = np.zeros((cells, classes), np.float32)
        answers[f"reg_s{stride}"] = np.zeros((cells, 4 * bins), np.float32)
    for stride, cell, number, score, distance in objects:
        answers[f"cls_s{stride}"][cell, number] = score
        for side in range(4):
            answers[f"reg_s{stride}"][cell, side * bins + int(distance)] = 50
    return answers


def write_model(
    folder: Path,
    network: bytes,
    *,
    family: str,
    outputs: Mapping[str, str],
    labels: Sequence[str] = (),
    activation: str = "none",
    name: str = "tiny",
    resize: str = "stretch",
    scale: float = 1 / 255,
    batch: int | None = None,
) -> Path:
    """Write a network with its card beside it; return the network's path."""
    path = folder / f"{name}.onnx"
    path.write_bytes(network)
    lines = [
        f'name = "{name}"',
        'title = "A tiny network"',
        f'family = "{family}"',
        f'file = "{path.name}"',
        f'sha256 = "{hashlib.sha256(network).hexdigest()}"',
        f"size_bytes = {len(network)}",
        f"labels = {list(labels)}",
        f'activation = "{activation}"',
        "[input]",
        'name = "image"',
        'layout = "NCHW"',
        'dtype = "float32"',
        'colour = "RGB"',
        f"scale = {scale}",
        f"fixed_size = [{SIDE}, {SIDE}]",
        f'resize = "{resize}"',
        *([f"batch = {batch}"] if batch else []),
        "[outputs]",
        *(f'"{output}" = "{meaning}"' for output, meaning in outputs.items()),
    ]
    path.with_suffix(".toml").write_text("\n".join(lines))
    return path


def colour_classifier(folder: Path, **card) -> Path:
    """Write a classifier that tells strong red from strong blue."""
    settings = {
        "family": "classifier",
        "outputs": {"scores": "class_scores"},
        "labels": ["red", "blue"],
        "activation": "softmax",
        "name": "shirt",
        **card,
    }
    return write_model(folder, colour_network(sharpness=100.0), **settings)


def row_detector(folder: Path, rows: Sequence[Sequence[float]], **card) -> Path:
    """Write a detector that ends in the given rows whatever it sees."""
    settings = {
        "family": "detections",
        "outputs": {"rows": "detections"},
        "labels": ["cup", "dog"],
        "name": "things",
        **card,
    }
    network = constant_network({"rows": np.array(rows, np.float32).reshape(-1, 6)})
    return write_model(folder, network, **settings)

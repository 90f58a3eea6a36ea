"""Networks that find a painted person exactly, each with the outputs of a published export.

A person is three squares, red, green and blue, on gray. A network takes the centroids of the three
colours and says every keypoint as a fixed mixture of them; mixtures survive scaling and padding, so
the truth in the frame is the same mixture of the painted centres.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from posestream.models.card import InputSpec, ModelCard
from posestream.models.registry import find_model

SQUARE = 14
Centers = Sequence[tuple[float, float]]
PERSON: Centers = ((250, 90), (370, 150), (300, 290))
"""Centres of the red, the green and the blue square, frame pixels."""


def mixtures(keypoints: int) -> np.ndarray:
    """Return ``(K, 3)`` weights of the three centres in each keypoint; the first three are pure."""
    weights = np.random.default_rng(7).dirichlet([1, 1, 1], keypoints)
    weights[:3] = np.eye(3)[: len(weights[:3])]
    return weights


def truth(keypoints: int, person: Centers = PERSON) -> np.ndarray:
    """Return where the ``(K, 2)`` keypoints of a painted person are, frame pixels."""
    return mixtures(keypoints) @ np.array(person, np.float64)


def painted(
    size: tuple[int, int] = (640, 360), people: Sequence[Centers] = (PERSON,)
) -> np.ndarray:
    """Paint people on gray, ``(H, W, 3)`` RGB."""
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    for person in people:
        for channel, (x, y) in enumerate(person):
            left, top = round(x - SQUARE / 2), round(y - SQUARE / 2)
            pixels[top : top + SQUARE, left : left + SQUARE] = 20
            pixels[top : top + SQUARE, left : left + SQUARE, channel] = 220
    return pixels


class Graph:
    """Writes ONNX line by line."""

    def __init__(self) -> None:
        self.poison: float | None = None
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, kind: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, operation: str, *inputs: str, **attributes: object) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return name

    def total(self, value: str, *axes: int) -> str:
        return self.add("ReduceSum", value, self.constant(axes, np.int64), keepdims=1)

    def reshaped(self, value: str, *shape: int) -> str:
        return self.add("Reshape", value, self.constant(shape, np.int64))

    def save(
        self, path: Path, spec: InputSpec, outputs: dict[str, tuple[str, list[int | str]]]
    ) -> None:
        """Write the network; outputs are value and shape by the network's own name."""
        for name, (value, _) in outputs.items():
            if self.poison is not None:
                value = self.add("Add", value, self.constant(self.poison))
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        sides: list[int | str] = list((spec.fixed_size or ("W", "H"))[::-1])
        batch: int | str = spec.batch or "B"
        shape = [batch, *sides, 3] if spec.layout == "NHWC" else [batch, 3, *sides]
        kind = {"int32": TensorProto.INT32, "float32": TensorProto.FLOAT}[spec.dtype]
        graph = helper.make_graph(
            self.nodes,
            "generated",
            [helper.make_tensor_value_info("pixels", kind, shape)],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                for name, (_, shape) in outputs.items()
            ],
            self.constants,
        )
        opset = [helper.make_opsetid("", 17)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def _rgb(graph: Graph, spec: InputSpec) -> str:
    """Undo what the card says is done to pixels: ``(B, 3, H, W)`` RGB of 0 to 255."""
    wide = graph.add("Cast", "pixels", to=TensorProto.FLOAT)
    planes = graph.add("Transpose", wide, perm=[0, 3, 1, 2]) if spec.layout == "NHWC" else wide
    column = (1, 3, 1, 1)
    scaled = graph.add("Mul", planes, graph.constant(np.reshape(spec.std, column) / spec.scale))
    shifted = graph.add("Add", scaled, graph.constant(np.reshape(spec.mean, column) / spec.scale))
    if spec.colour == "BGR":
        return graph.add("Gather", shifted, graph.constant([2, 1, 0], np.int64), axis=1)
    return shifted


def _centroids(graph: Graph, spec: InputSpec, size: tuple[int, int]) -> tuple[str, str]:
    """Return ``(B, 3, 2)`` x, y of each colour, input pixels, and ``(B, 3, 1)`` scores."""
    pixels = _rgb(graph, spec)
    others = graph.add("Gather", pixels, graph.constant([1, 2, 0], np.int64), axis=1)
    rest = graph.add("Gather", pixels, graph.constant([2, 0, 1], np.int64), axis=1)
    excess = graph.add("Sub", pixels, graph.add("Max", others, rest))
    mask = graph.add("Relu", graph.add("Sub", excess, graph.constant(30.0)))
    mass = graph.total(mask, 2, 3)
    sure = graph.add("Max", mass, graph.constant(1e-3))
    width, height = size
    grids = (np.arange(width)[None] + 0.5, np.arange(height)[:, None] + 0.5)
    axes = [
        graph.add("Div", graph.total(graph.add("Mul", mask, graph.constant(grid)), 2, 3), sure)
        for grid in grids
    ]
    points = graph.reshaped(graph.add("Concat", *axes, axis=3), -1, 3, 2)
    score = graph.add("Clip", mass, graph.constant(0.0), graph.constant(0.9))
    return points, graph.reshaped(score, -1, 3, 1)


def _people(graph: Graph, card: ModelCard, size: tuple[int, int]) -> tuple[str, str, str, str]:
    """Return ``(B, K, 2)`` points, ``(B, K, 1)`` scores, ``(B, 4)`` box, ``(B, 1)`` box score."""
    centers, scores = _centroids(graph, card.input, size)
    weights = graph.constant(mixtures(len(card.topology.keypoints))[None])
    points = graph.add("MatMul", weights, centers)
    low = graph.add("ReduceMin", centers, axes=[1], keepdims=0)
    high = graph.add("ReduceMax", centers, axes=[1], keepdims=0)
    margin = graph.constant(12.0)
    box = graph.add("Concat", graph.add("Sub", low, margin), graph.add("Add", high, margin), axis=1)
    least = graph.add("ReduceMin", scores, axes=[1], keepdims=0)
    return points, graph.add("MatMul", weights, scores), box, least


def _triples(graph: Graph, points: str, scores: str, keypoints: int, *, y_first: bool) -> str:
    order = graph.constant([1, 0] if y_first else [0, 1], np.int64)
    ordered = graph.add("Gather", points, order, axis=2)
    return graph.reshaped(graph.add("Concat", ordered, scores, axis=2), -1, 3 * keypoints)


def _rows(graph: Graph, *rows: str) -> str:
    """Stack ``(B, C)`` rows to ``(B, N, C)``."""
    axis = graph.constant([1], np.int64)
    return graph.add("Concat", *(graph.add("Unsqueeze", row, axis) for row in rows), axis=1)


def _bell(graph: Graph, points: str, axis: int, cells: int, step: float, sigma: float) -> str:
    """Return ``(B, K, cells)`` Gaussians around a coordinate; cell ``i`` is pixel ``i * step``."""
    one = graph.add("Gather", points, graph.constant([axis], np.int64), axis=2)
    middles = graph.constant((np.arange(cells) * step + 0.5)[None, None])
    distance = graph.add("Div", graph.add("Sub", middles, one), graph.constant(sigma * step))
    half = graph.add("Mul", graph.add("Mul", distance, distance), graph.constant(-0.5))
    return graph.add("Exp", half)


def write_network(
    path: Path,
    card: ModelCard,
    size: tuple[int, int] | None = None,
    *,
    poison: float | None = None,
) -> None:
    """Write the network that a card describes.

    Args:
        path: Where to.
        card: Describes it; any file may be behind it.
        size: Width and height of the input, if the card leaves them open.
        poison: Added to everything that it says.
    """
    graph = Graph()
    graph.poison = poison
    width, height = size = size or card.input.fixed_size or (0, 0)
    count = len(card.topology.keypoints)
    points, scores, box, least = _people(graph, card, size)
    batch: int | str = card.input.batch or "B"
    names = list(card.outputs)

    def port(place: int) -> str:
        name = names[place]
        return f"output{name[1:]}" if name.startswith("#") else name

    if card.family == "simcc":
        cells = [round(side * card.split_ratio) for side in size]
        bells = [
            graph.add(
                "Mul", scores, _bell(graph, points, axis, cells[axis], 1 / card.split_ratio, 5.0)
            )
            for axis in range(2)
        ]
        outputs = {port(k): (bells[k], [batch, count, cells[k]]) for k in range(2)}
    elif card.family == "heatmap":
        columns, rows = width // card.stride, height // card.stride
        steps = (width - 1) / (columns - 1), (height - 1) / (rows - 1)
        if card.heatmap_grid == "stride":
            steps = card.stride, card.stride
        x = graph.reshaped(_bell(graph, points, 0, columns, steps[0], 2.0), -1, count, 1, columns)
        y = graph.reshaped(_bell(graph, points, 1, rows, steps[1], 2.0), -1, count, rows, 1)
        tall = graph.reshaped(scores, -1, count, 1, 1)
        maps = graph.add("Mul", graph.add("Mul", x, y), tall)
        outputs = {port(0): (maps, [batch, count, rows, columns])}
    else:
        outputs = ROWS[card.family](graph, port, (points, scores, box, least), count, size, batch)
    graph.save(path, card.input, outputs)


Outputs = dict[str, tuple[str, list[int | str]]]
Values = tuple[str, str, str, str]


def _yolo(graph: Graph, port, values: Values, count: int, size, batch) -> Outputs:
    points, scores, box, least = values
    low = graph.add("Gather", box, graph.constant([0, 1], np.int64), axis=1)
    high = graph.add("Gather", box, graph.constant([2, 3], np.int64), axis=1)
    middle = graph.add("Mul", graph.add("Add", low, high), graph.constant(0.5))
    flat = _triples(graph, points, scores, count, y_first=False)
    extent = graph.add("Sub", high, low)
    best = graph.add("Concat", middle, extent, least, flat, axis=1)
    again = graph.add("Mul", best, graph.constant([1] * 4 + [0.8] + [1] * 3 * count))
    nobody = graph.add("Mul", best, graph.constant(0.0))
    rows = _rows(graph, again, best, nobody)
    columns = graph.add("Transpose", rows, perm=[0, 2, 1])
    return {port(0): (columns, [batch, 5 + 3 * count, 3])}


def _end2end(graph: Graph, port, values: Values, count: int, size, batch) -> Outputs:
    points, scores, box, least = values
    kind = graph.add("Mul", least, graph.constant(0.0))
    flat = _triples(graph, points, scores, count, y_first=False)
    best = graph.add("Concat", box, least, kind, flat, axis=1)
    rows = _rows(graph, best, graph.add("Mul", best, graph.constant(0.0)))
    return {port(0): (rows, [batch, 2, 6 + 3 * count])}


def _rtmo(graph: Graph, port, values: Values, count: int, size, batch) -> Outputs:
    points, scores, box, least = values
    boxes = _rows(graph, graph.add("Concat", box, least, axis=1))
    flat = _triples(graph, points, scores, count, y_first=False)
    people = graph.reshaped(flat, -1, 1, count, 3)
    sure = graph.reshaped(graph.add("Greater", least, graph.constant(0.5)), -1)
    boxes, people = (graph.add("Compress", rows, sure, axis=1) for rows in (boxes, people))
    return {port(0): (boxes, [batch, "N", 5]), port(1): (people, [batch, "N", count, 3])}


def _multi(graph: Graph, port, values: Values, count: int, size, batch) -> Outputs:
    points, scores, box, least = values
    shares = graph.add("Div", points, graph.constant(np.array(size)[None, None]))
    flat = _triples(graph, shares, scores, count, y_first=True)
    edges = graph.add("Div", box, graph.constant(np.tile(size, 2)[None]))
    turned = graph.add("Gather", edges, graph.constant([1, 0, 3, 2], np.int64), axis=1)
    best = graph.add("Concat", flat, turned, least, axis=1)
    nobody = graph.add("Mul", best, graph.constant(0.0))
    rows = _rows(graph, best, *[nobody] * 5)
    return {port(0): (rows, [batch, 6, 3 * count + 5])}


def _single(graph: Graph, port, values: Values, count: int, size, batch) -> Outputs:
    points, scores, _, _ = values
    shares = graph.add("Div", points, graph.constant(np.array(size)[None, None]))
    flat = _triples(graph, shares, scores, count, y_first=True)
    return {port(0): (graph.reshaped(flat, -1, 1, count, 3), [batch, 1, count, 3])}


ROWS: dict[str, Callable[..., Outputs]] = {
    "yolo": _yolo,
    "yolo-end2end": _end2end,
    "rtmo": _rtmo,
    "movenet-multi": _multi,
    "single": _single,
}


def hand_points() -> np.ndarray:
    """Return ``(21, 2)`` keypoints of a hand in TRTPose's order, in shares of the picture."""
    fingers = [
        (0.5 + 0.32 * math.sin(turn) * reach, 0.85 - 0.6 * math.cos(turn) * reach)
        for turn in (-1.0, -0.5, 0.0, 0.45, 0.9)
        for reach in (1.0, 0.8, 0.6, 0.4)
    ]
    return np.array([(0.5, 0.85), *fingers])


def write_hand_network(path: Path, card: ModelCard, *, poison: float | None = None) -> None:
    """Write a PAF network that sees the hand of `hand_points` in every picture."""
    graph = Graph()
    graph.poison = poison
    width, height = card.input.fixed_size or (0, 0)
    rows, columns = height // card.stride, width // card.stride
    points = hand_points() * [columns, rows]
    y, x = np.mgrid[:rows, :columns] + 0.5
    maps = [0.9 * np.exp(-((x - px) ** 2 + (y - py) ** 2) / 2) for px, py in points]
    fields = np.zeros((2 * len(card.topology.limbs), rows, columns))
    for (a, b), (channel_x, channel_y) in zip(
        card.topology.limbs, card.topology.paf_channels, strict=True
    ):
        along = points[b] - points[a]
        length = float(np.hypot(*along))
        along /= length
        across = np.abs((x - points[a][0]) * along[1] - (y - points[a][1]) * along[0])
        reach = (x - points[a][0]) * along[0] + (y - points[a][1]) * along[1]
        near = (across < 1.2) & (reach > -1) & (reach < length + 1)
        fields[channel_x][near], fields[channel_y][near] = along
    nothing = graph.add("Mul", graph.total("pixels", 1, 2, 3), graph.constant(0.0))
    outputs: Outputs = {}
    for place, values in enumerate((np.array(maps), fields)):
        said = graph.add("Add", graph.constant(values[None]), nothing)
        outputs[f"output{place}"] = (said, ["B", len(values), rows, columns])
    graph.save(path, card.input, outputs)


def generated(
    template: str,
    folder: Path,
    *,
    size: tuple[int, int] | None = None,
    poison: float | None = None,
) -> Path:
    """Write a network with the outputs that a template describes.

    Args:
        template: The card's name.
        folder: Where to.
        size: Width and height of the input, if the card leaves them open.
        poison: Added to everything that the network says.
    """
    path = folder / f"{template}.onnx"
    path.write_bytes(b"")
    card = find_model(path, card=template)
    if card.family == "paf":
        write_hand_network(path, card, poison=poison)
    else:
        write_network(path, card, size, poison=poison)
    return path


def with_own_card(network: Path, template: str) -> Path:
    """Write a template beside a network as the network's own card."""
    text = resources.files("posestream.models").joinpath(f"templates/{template}.toml").read_text()
    content = network.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    head = f'file = "{network.name}"\nsha256 = "{digest}"\nsize_bytes = {len(content)}\n'
    network.with_suffix(".toml").write_text(head + text)
    return network

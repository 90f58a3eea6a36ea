"""Read a TensorFlow.js graph model: operations by name, and their weights."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation."""

    name: str
    """Unique name."""
    operation: str
    """TensorFlow's name of the operation."""
    inputs: tuple[str, ...]
    """Names of the nodes whose first output goes in."""
    attributes: Mapping[str, Any]
    """Settings as Python values."""


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A network as TensorFlow wrote it; tensors are NHWC."""

    nodes: Mapping[str, Node]
    """Operations by name."""
    weights: Mapping[str, Array]
    """Constants by node name; quantized ones widened to float32, which loses nothing."""


def read_graph(path: Path) -> Graph:
    """Read the JSON file of a graph model and the weights beside it.

    Raises:
        ValueError: If the weights have another size than the JSON file says.
    """
    model = json.loads(path.read_text(encoding="utf-8"))
    nodes = (_node(entry) for entry in model["modelTopology"]["node"])
    weights: dict[str, Array] = {}
    for group in model["weightsManifest"]:
        content = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        weights |= _split(content, group["weights"])
    return Graph({node.name: node for node in nodes}, weights)


def _node(entry: Mapping[str, Any]) -> Node:
    attributes = {key: _value(value) for key, value in entry.get("attr", {}).items()}
    return Node(entry["name"], entry["op"], tuple(entry.get("input", ())), attributes)


def _value(attribute: Mapping[str, Any]) -> Any:
    """Return an attribute as text, number, truth value or list; None for other kinds."""
    if "list" in attribute:
        return [_value({kind: v}) for kind, vs in attribute["list"].items() for v in vs]
    for kind, convert in _KINDS.items():
        if kind in attribute:
            return convert(attribute[kind])
    return None


_KINDS = {"s": lambda text: base64.b64decode(text).decode(), "i": int, "f": float, "b": bool}


def _split(content: bytes, entries: list[Mapping[str, Any]]) -> dict[str, Array]:
    weights: dict[str, Array] = {}
    offset = 0
    for entry in entries:
        stored = np.dtype(entry.get("quantization", entry)["dtype"])
        count = math.prod(entry["shape"])
        if offset + count * stored.itemsize > len(content):
            raise ValueError(f"weights end before {entry['name']}")
        values = np.frombuffer(content, stored, count, offset).reshape(entry["shape"])
        weights[entry["name"]] = values.astype(np.float32) if stored.kind == "f" else values
        offset += count * stored.itemsize
    if offset != len(content):
        raise ValueError(f"weights have {len(content)} bytes, the graph describes {offset}")
    return weights

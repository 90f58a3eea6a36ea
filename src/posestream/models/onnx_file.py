"""Look into an ONNX file before a library does: its opset, files it refers to, sizes it claims.

A network may come from anybody. Weights outside the file must lie beside it, and a tensor that a
few bytes blow up to gigabytes is refused before anything makes it.

Source:
    https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from posestream.errors import ModelError
from posestream.models.wire import BYTES, VARINT, read_fields, read_varints

OPSETS = range(7, 31)
"""Versions of ONNX's operators that are tried; libraries may know fewer."""
MAX_BYTES = 2 << 30
"""Largest network, with all its files; ONNX itself ends there."""
MAX_ELEMENTS = 1 << 28
"""Most numbers in a tensor that is made from its shape alone."""

# Numbers of the fields in onnx.proto.
_OPSET_IMPORT, _GRAPH = 8, 7
_NODE, _INITIALIZER = 1, 5
_NODE_INPUT, _NODE_OPERATOR = 1, 4
_INT64_DATA, _TENSOR_NAME, _RAW_DATA, _EXTERNAL = 7, 8, 9, 13


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """What matters of an ONNX file before it is loaded."""

    opset: int | None
    """Version of ONNX's own operators; None where the file names none."""
    external: tuple[str, ...]
    """Files that hold weights, as written in the network."""


def inspect(content: bytes) -> OnnxFile:
    """Read an ONNX file as far as it must be known before a library loads it.

    Raises:
        ModelError: If it is not ONNX, its opset is not supported, or it would make a tensor that
            is too large.
    """
    try:
        message = memoryview(content)
        versions = [_own_version(entry) for n, entry in _parts(message) if n == _OPSET_IMPORT]
        graphs = [graph for number, graph in _parts(message) if number == _GRAPH]
        external = [name for graph in graphs for name in _inspect_graph(graph)]
    except ModelError as error:
        raise ModelError(f"not an ONNX file that can be used: {error}") from error
    opset = next((version for version in versions if version is not None), None)
    if not graphs:
        raise ModelError("not an ONNX file: it holds no network")
    if opset is not None and opset not in OPSETS:
        raise ModelError(
            f"opset {opset} is not allowed; allowed: {OPSETS.start} to {OPSETS.stop - 1}"
        )
    return OnnxFile(opset, tuple(dict.fromkeys(external)))


def check_external(names: tuple[str, ...], folder: Path) -> None:
    """Refuse weights that lie elsewhere than beside the network.

    Raises:
        ModelError: If a file leaves the folder, also by a link, is missing, or all are too large.
    """
    total = 0
    for name in names:
        parts = (*PurePosixPath(name).parts, *PureWindowsPath(name).parts)
        file = folder / name
        leaves = ".." in parts or PurePosixPath(name).is_absolute() or PureWindowsPath(name).drive
        if leaves or not file.resolve().is_relative_to(folder.resolve()):
            raise ModelError(f"weights in {name!r} are not allowed; allowed: files beside it")
        if not file.is_file():
            raise ModelError(f"weights in {name!r} are missing: {file} does not exist")
        total += file.stat().st_size
    if total > MAX_BYTES:
        raise ModelError(f"weights of {total >> 20} MB are not allowed; allowed: {MAX_BYTES >> 20}")


def _parts(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of each field that is not a number."""
    for number, kind, value in read_fields(message):
        if kind == BYTES and isinstance(value, memoryview):
            yield number, value


def _text(content: memoryview) -> str:
    return bytes(content).decode(errors="replace")


def _inspect_graph(graph: memoryview) -> Iterator[str]:
    """Yield the files that tensors refer to, and check the sizes that nodes claim."""
    sizes: dict[str, int] = {}
    shapes: list[str] = []
    for number, content in _parts(graph):
        if number == _INITIALIZER:
            name, elements, file = _tensor(content)
            sizes[name] = elements
            if file is not None:
                yield file
        elif number == _NODE:
            shapes += _shapes_made_from(content)
    largest = max((sizes.get(name, 0) for name in shapes), default=0)
    if largest > MAX_ELEMENTS:
        raise ModelError(f"a tensor of {largest} numbers is not allowed; allowed: {MAX_ELEMENTS}")


def _own_version(entry: memoryview) -> int | None:
    """Return the version of an opset entry, None if it is not of ONNX's own operators."""
    domain = next((_text(content) for number, content in _parts(entry) if number == 1), "")
    if domain not in ("", "ai.onnx"):
        return None
    fields = read_fields(entry)
    return next(
        (v for n, kind, v in fields if (n, kind) == (2, VARINT) and isinstance(v, int)), None
    )


def _shapes_made_from(node: memoryview) -> list[str]:
    """Return the name of the shape that a node blows a tensor up to."""
    inputs = [_text(content) for number, content in _parts(node) if number == _NODE_INPUT]
    operator = next((_text(c) for number, c in _parts(node) if number == _NODE_OPERATOR), "")
    if operator == "ConstantOfShape":
        return inputs[:1]
    return inputs[1:2] if operator in ("Expand", "Tile") else []


def _tensor(tensor: memoryview) -> tuple[str, int, str | None]:
    """Return a tensor's name, the product of its numbers if it may be a shape, and its file."""
    name, numbers, file = "", [], None
    for number, content in _parts(tensor):
        if number == _TENSOR_NAME:
            name = _text(content)
        elif number == _INT64_DATA:
            numbers = list(read_varints(content))
        elif number == _RAW_DATA and len(content) in range(8, 8 * 9, 8):
            numbers = list(struct.unpack(f"<{len(content) // 8}q", content))
        elif number == _EXTERNAL:
            entry = {number: _text(part) for number, part in _parts(content)}
            file = entry.get(2) if entry.get(1) == "location" else file
    return name, math.prod(n for n in numbers if n > 0) if numbers else 0, file

"""Read the weights in a ``.caffemodel``.

Source:
    BVLC Caffe, caffe.proto: NetParameter, LayerParameter, V1LayerParameter, BlobProto, BlobShape.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from posestream.errors import ModelError, SourceNotFoundError
from posestream.models.wire import BYTES, VARINT, read_fields, read_varints

MAX_BYTES = 2**30
"""No larger file is read; OpenPose's are 209 MB and 105 MB."""
_MAX_LAYERS, _MAX_BLOBS, _MAX_AXES = 10_000, 16, 8

Array = npt.NDArray[np.float32]
Weights = dict[str, tuple[Array, ...]]

_NETWORK_LAYERS = {100: (1, 7), 2: (4, 6)}
"""Fields of a network that are layers, with the fields of their name and their blobs: today's
LayerParameter and the older V1LayerParameter."""
_BLOB_LEGACY_AXES = (1, 2, 3, 4)  # num, channels, height, width
_BLOB_DATA, _BLOB_SHAPE, _BLOB_DOUBLES = 5, 7, 8
_SHAPE_DIM = 1


def read_caffemodel(path: Path) -> Weights:
    """Return the arrays of each layer that has any, by the layer's name.

    Raises:
        SourceNotFoundError: If there is no such file.
        ModelError: If it cannot be read, is too large, or is no such file; the message names it.
    """
    content = memoryview(_content(path))
    try:
        weights = dict(_layers(content))
    except ModelError as error:
        raise ModelError(f"{path}: no caffemodel, or a damaged one: {error}") from error
    if not weights:
        raise ModelError(f"{path}: no caffemodel, or one without weights")
    return weights


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise SourceNotFoundError(f"{path}: no such file")
    try:
        if (size := path.stat().st_size) > MAX_BYTES:
            raise ModelError(f"{path}: {size} bytes is not allowed; allowed: up to {MAX_BYTES}")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error


def _layers(network: memoryview) -> Iterator[tuple[str, tuple[Array, ...]]]:
    seen = set[str]()
    count = 0
    for number, kind, value in read_fields(network):
        if number not in _NETWORK_LAYERS or kind != BYTES:
            continue
        count += 1
        if count > _MAX_LAYERS:
            raise ModelError(f"more than {_MAX_LAYERS} layers are not allowed")
        assert isinstance(value, memoryview)
        name, blobs = _layer(value, *_NETWORK_LAYERS[number])
        if blobs and name in seen:
            raise ModelError(f"two layers with weights are called {name!r}")
        if blobs:
            seen.add(name)
            yield name, blobs


def _layer(layer: memoryview, name_field: int, blob_field: int) -> tuple[str, tuple[Array, ...]]:
    name, blobs = "", list[memoryview]()
    for number, kind, value in read_fields(layer):
        if kind == BYTES and isinstance(value, memoryview):
            if number == name_field:
                name = _text(value)
            elif number == blob_field:
                blobs.append(value)
    if len(blobs) > _MAX_BLOBS:
        raise ModelError(
            f"layer {name!r}: {len(blobs)} blobs are not allowed; allowed: {_MAX_BLOBS}"
        )
    try:
        return name, tuple(map(_blob, blobs))
    except ModelError as error:
        raise ModelError(f"layer {name!r}: {error}") from error


def _text(value: memoryview) -> str:
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError(f"a name is not UTF-8: {error}") from error


def _blob(blob: memoryview) -> Array:
    legacy, shape, pieces = dict[int, int](), None, list[npt.NDArray[np.floating]]()
    for number, kind, value in read_fields(blob):
        if kind == VARINT and number in _BLOB_LEGACY_AXES:
            assert isinstance(value, int)
            legacy[number] = value
        elif number == _BLOB_SHAPE and isinstance(value, memoryview):
            shape = _shape(value)
        elif number in (_BLOB_DATA, _BLOB_DOUBLES):
            pieces.append(_values(value, kind, "<f4" if number == _BLOB_DATA else "<f8"))
    if shape is None:
        shape = tuple(legacy.get(axis, 1) for axis in _BLOB_LEGACY_AXES)
    return _array(pieces, shape)


def _values(value: int | memoryview, kind: int, dtype: str) -> npt.NDArray[np.floating]:
    size = np.dtype(dtype).itemsize
    if kind != BYTES or isinstance(value, int) or len(value) % size:
        raise ModelError("its numbers are not packed")
    return np.frombuffer(value, dtype)


def _shape(message: memoryview) -> tuple[int, ...]:
    axes = list[int]()
    for number, _, value in read_fields(message):
        if number == _SHAPE_DIM:
            axes += [value] if isinstance(value, int) else read_varints(value)
        if len(axes) > _MAX_AXES:
            raise ModelError(f"more than {_MAX_AXES} axes are not allowed")
    return tuple(axes)


def _array(pieces: list[npt.NDArray[np.floating]], shape: tuple[int, ...]) -> Array:
    count = sum(piece.size for piece in pieces)
    if math.prod(shape) != count:
        raise ModelError(f"{count} numbers for the shape {shape}")
    with np.errstate(over="ignore"):
        values = np.concatenate([piece.astype(np.float32) for piece in pieces or [np.zeros(0)]])
    if not np.isfinite(values).all():
        raise ModelError("holds NaN or infinity")
    return values.astype(np.float32).reshape(shape)

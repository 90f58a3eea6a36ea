"""Write Caffe's two kinds of files, for tests; the wire format is spelled out byte by byte."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from posestream.models.caffe.layers import Layer, Network, weight_shapes

Weights = Mapping[str, Sequence[np.ndarray]]


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, content: bytes | int) -> bytes:
    """A field of bytes, or of a whole number."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(array: np.ndarray) -> bytes:
    shape = field(1, b"".join(map(varint, array.shape)))
    return field(7, shape) + field(5, array.astype("<f4").tobytes())


def old_blob(array: np.ndarray) -> bytes:
    axes = (1,) * (4 - array.ndim) + array.shape
    named = b"".join(field(number, size) for number, size in enumerate(axes, 1))
    return named + field(5, array.astype("<f4").tobytes())


def layer(name: str, kind: str, blobs: Sequence[bytes]) -> bytes:
    head = field(1, name.encode()) + field(2, kind.encode())
    return field(100, head + b"".join(field(7, one) for one in blobs))


def old_layer(name: str, kind: int, blobs: Sequence[bytes]) -> bytes:
    head = field(4, name.encode()) + field(5, kind)
    return field(2, head + b"".join(field(6, one) for one in blobs))


def caffemodel(weights: Weights) -> bytes:
    """A network as Caffe writes it today, with a layer without weights among the others."""
    kinds = {1: "PReLU", 2: "Convolution"}
    parts = [field(1, b"net"), layer("data", "Input", [])]
    for name, arrays in weights.items():
        parts.append(layer(name, kinds[len(arrays)], [blob(array) for array in arrays]))
    return b"".join(parts)


def random_weights(network: Network, *, seed: int = 0) -> dict[str, tuple[np.ndarray, ...]]:
    """Weights of a variance that keeps values of one size from layer to layer."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shapes in weight_shapes(network).items():
        if len(shapes[0]) == 1:
            weights[name] = (rng.uniform(0, 0.5, shapes[0]).astype(np.float32),)
            continue
        deviation = (2 / np.prod(shapes[0][1:])) ** 0.5
        arrays = [rng.standard_normal(shapes[0], np.float32) * np.float32(deviation)]
        arrays += [0.1 * rng.standard_normal(shape, np.float32) for shape in shapes[1:]]
        weights[name] = tuple(arrays)
    return weights


def prototxt(network: Network) -> str:
    """The text that describes a network, in the manner of CMU's files."""
    head = f'name: "net"\ninput: "{network.input}"\n'
    sizes = "".join(f"input_dim: {n} # at runtime\n" for n in (1, 3, 16, 16))
    return head + sizes + "".join(map(_layer_text, network.layers))


def _layer_text(layer: Layer) -> str:
    bottoms = "".join(f'  bottom: "{name}"\n' for name in layer.bottoms)
    names = f'  name: "{layer.name}"\n  type: "{layer.kind}"\n{bottoms}  top: "{layer.top}"\n'
    return f"layer {{\n{names}{_parameters(layer)}}}\n"


def _parameters(layer: Layer) -> str:
    if layer.kind == "Convolution":
        numbers = f"num_output: {layer.channels} pad: {layer.pad[0]} kernel_size: {layer.kernel[0]}"
        return f"  convolution_param {{\n    {numbers}\n  }}\n"
    if layer.kind == "Pooling":
        window = f"kernel_size: {layer.kernel[0]} stride: {layer.stride[0]} pad: {layer.pad[0]}"
        return f"  pooling_param {{ pool: {layer.pooling} {window} }}\n"
    return "  concat_param { axis: 1 }\n" if layer.kind == "Concat" else ""


def write_model(folder: Path, network: Network, weights: Weights) -> tuple[Path, Path]:
    """Write ``net.caffemodel`` and ``net.prototxt``."""
    model, text = folder / "net.caffemodel", folder / "net.prototxt"
    model.write_bytes(caffemodel(weights))
    text.write_text(prototxt(network))
    return model, text

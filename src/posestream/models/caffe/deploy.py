"""Read the layers of a network from its ``deploy.prototxt``.

Source:
    BVLC Caffe, caffe.proto: NetParameter, LayerParameter, ConvolutionParameter, PoolingParameter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from posestream.errors import ModelError, SourceNotFoundError
from posestream.models.caffe.layers import Layer, Network, Pair
from posestream.models.caffe.prototxt import MAX_CHARACTERS, Message, Scalar, parse_prototxt

_OLD_KINDS = {
    "CONVOLUTION": "Convolution",
    "RELU": "ReLU",
    "POOLING": "Pooling",
    "CONCAT": "Concat",
}
"""What the types that layers had before 2015 are called since."""
_MOST = {"num_output": 65_536, "group": 65_536, "pad": 64}
_MOST_ELSE = 128
_NO_VALUES: Message = {}


def read_deploy(path: Path) -> Network:
    """Return the network that a file describes.

    Raises:
        SourceNotFoundError: If there is no such file.
        ModelError: If it cannot be read or is no such file; the message names it.
    """
    if not path.is_file():
        raise SourceNotFoundError(f"{path}: no such file")
    try:
        if (size := path.stat().st_size) > 4 * MAX_CHARACTERS:
            raise ModelError(f"{path}: {size} bytes are not allowed")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    try:
        return parse_deploy(text)
    except ModelError as error:
        raise ModelError(f"{path}: no prototxt of a network, or a damaged one: {error}") from error


def parse_deploy(text: str) -> Network:
    """Return the network that a text describes; layers used in training only are left out.

    Raises:
        ModelError: If the text is no network with one input.
    """
    message = parse_prototxt(text)
    tables = [_table(one, "layer") for key in ("layer", "layers") for one in message.get(key, [])]
    tables = [table for table in tables if not _is_for_training(table)]
    inputs = [str(name) for name in message.get("input", [])]
    layers = list[Layer]()
    for table in tables:
        if _text(table, "type") == "Input":
            inputs += [str(top) for top in table.get("top", [])]
        else:
            layers.append(_layer(table))
    if len(inputs) != 1:
        raise ModelError(f"{len(inputs)} inputs are not allowed; allowed: 1")
    return Network(inputs[0], tuple(layers))


def _is_for_training(table: Message) -> bool:
    rules = [_table(rule, "include") for rule in table.get("include", [])]
    phases = [phase for rule in rules for phase in rule.get("phase", [])]
    return bool(phases) and "TEST" not in phases


def _layer(table: Message) -> Layer:
    name, kind = _text(table, "name"), _text(table, "type")
    tops = [str(top) for top in table.get("top", [])]
    try:
        return Layer(
            name=name,
            kind=_OLD_KINDS.get(kind, kind),
            bottoms=tuple(str(bottom) for bottom in table.get("bottom", [])),
            top=tops[0] if len(tops) == 1 else "",
            **_numbers(_OLD_KINDS.get(kind, kind), table),
        )
    except ModelError as error:
        raise ModelError(f"layer {name!r}: {error}") from error


def _numbers(kind: str, table: Message) -> dict[str, Any]:
    """Return what a kind of layer has beside names and blobs."""
    if kind == "Convolution":
        return _convolution(_parameters(table, "convolution_param"))
    if kind == "Pooling":
        return _pooling(_parameters(table, "pooling_param"))
    if kind == "ReLU":
        slope = _parameters(table, "relu_param").get("negative_slope", [0.0])[-1]
        if isinstance(slope, (str, dict)):
            raise ModelError(f"negative_slope: {slope!r} is not allowed; allowed: a number")
        return {"negative_slope": float(slope)}
    if kind == "PReLU":
        shared = _parameters(table, "prelu_param").get("channel_shared", [False])[-1]
        return {"is_shared": shared is True}
    if kind == "Concat":
        _check_axis(_parameters(table, "concat_param"))
    return {}


def _convolution(parameters: Message) -> dict[str, Any]:
    _check_axis(parameters)
    return {
        "channels": _whole(parameters, "num_output", least=1),
        "kernel": _pair(parameters, "kernel", least=1),
        "stride": _pair(parameters, "stride", least=1, default=1),
        "pad": _pair(parameters, "pad", least=0, default=0),
        "dilation": _pair(parameters, "dilation", least=1, default=1),
        "group": _whole(parameters, "group", least=1, default=1),
        "has_bias": parameters.get("bias_term", [True])[-1] is not False,
    }


def _pooling(parameters: Message) -> dict[str, Any]:
    if parameters.get("global_pooling", [False])[-1] is True:
        raise ModelError("global_pooling cannot be converted")
    return {
        "pooling": str(parameters.get("pool", ["MAX"])[-1]),
        "kernel": _pair(parameters, "kernel", least=1),
        "stride": _pair(parameters, "stride", least=1, default=1),
        "pad": _pair(parameters, "pad", least=0, default=0),
        "rounds_up": parameters.get("round_mode", ["CEIL"])[-1] != "FLOOR",
    }


def _check_axis(parameters: Message) -> None:
    for key in ("axis", "concat_dim"):
        if (axis := parameters.get(key, [1])[-1]) != 1:
            raise ModelError(f"{key}: {axis!r} is not allowed; allowed: 1, the channels")


def _pair(parameters: Message, key: str, *, least: int, default: int | None = None) -> Pair:
    """Return rows and columns: given once, once each, or as ``key_h`` and ``key_w``."""
    if f"{key}_h" in parameters or f"{key}_w" in parameters:
        return (
            _whole(parameters, f"{key}_h", least=least, default=default),
            _whole(parameters, f"{key}_w", least=least, default=default),
        )
    name = "kernel_size" if key == "kernel" else key
    given = parameters.get(name, [])
    if len(given) > 2:
        raise ModelError(f"{name}: {len(given)} numbers are not allowed; allowed: 1 or 2")
    rows = _whole(parameters, name, least=least, default=default, place=0)
    return rows, _whole(parameters, name, least=least, default=default)


def _whole(
    parameters: Message, key: str, *, least: int, default: int | None = None, place: int = -1
) -> int:
    given = parameters.get(key, [] if default is None else [default])
    if not given:
        raise ModelError(f"{key}: missing")
    value, most = given[place], _MOST.get(key.split("_")[0], _MOST.get(key, _MOST_ELSE))
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ModelError(f"{key}: {value!r} is not allowed; allowed: {least} to {most}")
    return value


def _parameters(table: Message, key: str) -> Message:
    return _table(table.get(key, [_NO_VALUES])[-1], key)


def _table(value: Scalar | Message, key: str) -> Message:
    if not isinstance(value, dict):
        raise ModelError(f"{key}: {value!r} is not allowed; allowed: a message in braces")
    return value


def _text(table: Message, key: str) -> str:
    given = table.get(key, [])
    if not given or not isinstance(given[-1], str):
        raise ModelError(f"{key}: missing in a layer, or no text")
    return given[-1]

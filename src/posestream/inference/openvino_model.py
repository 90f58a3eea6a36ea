"""Make an OpenVINO model that takes 8-bit RGB and says only what the card asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from posestream.errors import ModelError
from posestream.inference.contract import Port, chosen_ports
from posestream.inference.openvino_library import import_openvino
from posestream.models.card import InputSpec, ModelCard

if TYPE_CHECKING:
    import openvino as ov


def read_network(core: ov.Core, card: ModelCard, size: tuple[int, int, int] | None) -> ov.Model:
    """Return the card's network with the conversion of pixels inside.

    Args:
        core: Reads the network.
        card: Describes the network.
        size: ``B``, ``H``, ``W`` to fix, None to leave them free.

    Returns:
        A model with one ``(B, H, W, 3)`` uint8 RGB input and the card's outputs, in its order.

    Raises:
        ModelError: If the network cannot be read or has not the card's inputs and outputs.
    """
    try:
        whole = core.read_model(card.network())
    except (RuntimeError, MemoryError) as error:
        problem = " ".join(str(error).split())
        raise ModelError(f"model {card.name!r}: OpenVINO cannot read it: {problem}") from error
    network = _with_only_its_outputs(whole, card)
    network = _with_conversion(network, card.input)
    network.reshape([*(size or (-1, -1, -1)), 3])
    return network


def _with_only_its_outputs(whole: ov.Model, card: ModelCard) -> ov.Model:
    openvino = import_openvino()
    inputs = [Port(port.get_any_name(), _shape(port)) for port in whole.inputs]
    # A port may have more names than the network's author gave it.
    ports = {min(p.get_names(), key=lambda n: (n not in card.outputs, n)): p for p in whole.outputs}
    outputs = [Port(name, _shape(port)) for name, port in ports.items()]
    _, names = chosen_ports(card, inputs, outputs)
    sources = [ports[name].node.input_value(0) for name in names]
    results = [openvino.opset1.result(source) for source in sources]
    return openvino.Model(results, whole.get_parameters(), card.name)


def _shape(port: ov.Output) -> tuple[int | None, ...] | None:
    partial = port.get_partial_shape()
    if partial.rank.is_dynamic:
        return None
    return tuple(None if side.is_dynamic else side.get_length() for side in partial)


def _with_conversion(network: ov.Model, spec: InputSpec) -> ov.Model:
    openvino = import_openvino()
    steps = openvino.preprocess.PrePostProcessor(network)
    one = steps.input()
    one.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    one.tensor().set_color_format(openvino.preprocess.ColorFormat.RGB)
    one.model().set_layout(openvino.Layout(spec.layout))
    if spec.colour == "BGR":
        one.preprocess().convert_color(openvino.preprocess.ColorFormat.BGR)
    if not spec.takes_raw_pixels:
        one.preprocess().convert_element_type(openvino.Type.f32)
        one.preprocess().mean((np.asarray(spec.mean) / spec.scale).tolist())
        one.preprocess().scale((np.asarray(spec.std) / spec.scale).tolist())
    return steps.build()

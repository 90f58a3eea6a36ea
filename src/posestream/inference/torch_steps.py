"""The steps of a network in torch, and how to make do with fewer and cheaper ones.

What a network says stays the same up to rounding.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

Constants = MutableMapping[str, Tensor]
_FRESH = {"Add", "BatchNormalization", "Concat", "Conv", "ConvTranspose", "Mul", "Sub"}
"""Operators whose result is memory of its own."""
_IN_PLACE = {"Clip", "Relu"}
"""Operators that may write over their first input."""


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the graph."""

    operator: str
    """ONNX's name of it."""
    attributes: Mapping[str, Any]
    """As ONNX calls them."""
    inputs: tuple[str, ...]
    """Names of tensors; empty where one is left out."""
    outputs: tuple[str, ...]
    """Names of what it makes."""
    spent: tuple[str, ...] = ()
    """Tensors that nobody needs afterwards."""
    in_place: bool = False
    """Whether the first input's memory takes the result."""


def simplified(steps: Sequence[Step], constants: Constants, *, keep: Collection[str]) -> list[Step]:
    """Return steps that say the same with less work.

    Copies of names go, and so do batch norms right after a convolution, whose weights take them in.

    Args:
        steps: In the order they run.
        constants: Weights by name; what is not needed any more is removed.
        keep: Names of what must come out.
    """
    shorter = _without_batch_norms(_without_copies(steps, keep), constants, keep)
    needed = {name for step in shorter for name in step.inputs} | set(keep)
    for name in set(constants) - needed:
        del constants[name]
    return _with_places(_with_lifetimes(shorter, keep))


def _with_lifetimes(steps: Sequence[Step], keep: Collection[str]) -> list[Step]:
    """Note what is spent after which step."""
    last = {name: place for place, step in enumerate(steps) for name in step.inputs}
    made = {name for step in steps for name in step.outputs} - set(keep) - {""}
    return [
        replace(
            step,
            spent=tuple(
                name
                for name in {*step.inputs, *step.outputs} & made
                if last.get(name, place) == place
            ),
        )
        for place, step in enumerate(steps)
    ]


def _without_copies(steps: Sequence[Step], keep: Collection[str]) -> list[Step]:
    """Leave out steps that only give a tensor another name, unless it comes out under that."""
    names: dict[str, str] = {}
    left = []
    for step in steps:
        step = replace(step, inputs=tuple(names.get(name, name) for name in step.inputs))
        if step.operator == "Identity" and step.outputs[0] not in keep:
            names[step.outputs[0]] = step.inputs[0]
        else:
            left.append(step)
    return left


def _without_batch_norms(
    steps: Sequence[Step], constants: Constants, keep: Collection[str]
) -> list[Step]:
    """Let convolutions take in the batch norms that alone use their results."""
    uses = Counter(name for step in steps for name in step.inputs)
    makers: dict[str, int] = {}
    left: list[Step] = []
    for step in steps:
        place = makers.get(step.inputs[0]) if step.operator == "BatchNormalization" else None
        source = step.inputs[0] if step.inputs else ""
        alone = uses[source] == 1 and source not in keep
        if place is None or not alone or not set(step.inputs[1:]) <= set(constants):
            left.append(step)
            is_convolution = step.operator in ("Conv", "ConvTranspose")
            if is_convolution and set(step.inputs[1:]) <= set(constants):
                makers[step.outputs[0]] = len(left) - 1
            continue
        left[place] = _taken_in(left[place], step, constants)
        makers.pop(source)
    return left


def _taken_in(convolution: Step, norm: Step, constants: Constants) -> Step:
    """Return a convolution that does a batch norm besides, with weights of its own."""
    source, name = convolution.inputs[0], norm.outputs[0]
    weight = constants[convolution.inputs[1]]
    scale, shift, mean, variance = (constants[one].double() for one in norm.inputs[1:5])
    factor = scale / torch.sqrt(variance + norm.attributes.get("epsilon", 1e-5))
    bias = constants[convolution.inputs[2]].double() if len(convolution.inputs) > 2 else 0.0
    values = weight.double()
    if convolution.operator == "Conv":
        values = values * factor.reshape(-1, *[1] * (weight.ndim - 1))
    else:  # its weights are (inputs, outputs of a group, ...)
        groups = convolution.attributes.get("group", 1)
        parts = values.reshape(groups, -1, *values.shape[1:])
        shape = (groups, 1, -1, *[1] * (weight.ndim - 2))
        values = (parts * factor.reshape(shape)).reshape(values.shape)
    new = f"{name}/weight", f"{name}/bias"
    constants[new[0]] = values.to(weight.dtype)
    constants[new[1]] = ((bias - mean) * factor + shift).to(weight.dtype)
    return replace(convolution, inputs=(source, *new), outputs=(name,))


def _with_places(steps: Sequence[Step]) -> list[Step]:
    """Let steps write over what only they still need, where it is memory of its own."""
    uses = Counter(name for step in steps for name in step.inputs)
    fresh: set[str] = set()
    placed = []
    for step in steps:
        first = next(iter(step.inputs), "")
        # Used once: so nothing else is a view of it.
        over = step.operator in _IN_PLACE and first in fresh & {*step.spent} and uses[first] == 1
        placed.append(replace(step, in_place=over))
        if step.operator in _FRESH or over:
            fresh.update(step.outputs)
    return placed

"""ONNX operators in torch: those that pose networks are made of.

Each takes the node's attributes and its inputs, None where one is left out, and returns one tensor
or several. Shapes and indices stay whole numbers; everything else runs in the network's precision.

Source:
    https://onnx.ai/onnx/operators/
"""
# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from posestream.inference.torch_convolutions import depthwise, is_depthwise, is_product, product

Attributes = Mapping[str, Any]
Operator = Callable[..., Any]


Numbers = Tensor | Sequence[Any] | float
"""What an operator reads in Python: known beforehand, or in a tensor."""


def _read(numbers: Any) -> Any:
    """Return the numbers of a tensor, or those that are known already."""
    return numbers.tolist() if isinstance(numbers, Tensor) else numbers


def _amount(pads: Sequence[int]) -> list[int]:
    """Turn ONNX's begins and ends of each axis into torch's pairs, last axis first."""
    axes = len(pads) // 2
    return [pads[axis + end * axes] for axis in reversed(range(axes)) for end in (0, 1)]


def _pads(attributes: Attributes, x: Tensor) -> list[int]:
    """Return how much is added before each axis of the picture, then how much behind each."""
    automatic = attributes.get("auto_pad", "NOTSET")
    if automatic not in ("NOTSET", "VALID"):
        return _same(attributes, x.shape[2:], automatic)
    return list(attributes.get("pads", [0] * 2 * (x.ndim - 2)))


def _padding(attributes: Attributes, x: Tensor, value: float = 0.0) -> tuple[Tensor, list[int]]:
    """Return the input and what torch should pad: unequal ends are padded here."""
    axes, pads = x.ndim - 2, _pads(attributes, x)
    if pads[:axes] == pads[axes:]:
        return x, pads[:axes]
    return functional.pad(x, _amount(pads), value=value), [0] * axes


def _same(attributes: Attributes, sizes: Sequence[int], automatic: str) -> list[int]:
    kernel, strides = attributes["kernel_shape"], attributes.get("strides", [1] * len(sizes))
    dilations = attributes.get("dilations", [1] * len(sizes))
    total = [
        max((-(-size // step) - 1) * step + (width - 1) * gap + 1 - size, 0)
        for size, step, width, gap in zip(sizes, strides, kernel, dilations, strict=True)
    ]
    less, more = [n // 2 for n in total], [n - n // 2 for n in total]
    return more + less if automatic == "SAME_LOWER" else less + more


def convolution(attributes: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None):
    """Conv."""
    attributes = {"kernel_shape": weight.shape[2:], **attributes}
    axes, groups = x.ndim - 2, attributes.get("group", 1)
    strides = attributes.get("strides", [1] * axes)
    dilations = attributes.get("dilations", [1] * axes)
    if x.is_cuda and not torch.compiler.is_compiling():  # a compiler knows better ways
        pads = _pads(attributes, x)
        if is_product(x, weight, strides=strides, pads=pads):
            return product(x, weight, bias)
        if is_depthwise(x, weight, groups=groups, dilations=dilations):
            return depthwise(x, weight, bias, strides=strides, pads=pads)
    x, padding = _padding(attributes, x)
    run = (functional.conv1d, functional.conv2d, functional.conv3d)[axes - 1]
    return run(x, weight, bias, stride=strides, padding=padding, dilation=dilations, groups=groups)


def transposed_convolution(
    attributes: Attributes, x: Tensor, weight: Tensor, bias: Tensor | None = None
):
    """ConvTranspose with equal pads at both ends."""
    axes = x.ndim - 2
    pads = list(attributes.get("pads", [0] * 2 * axes))
    if pads[:axes] != pads[axes:] or attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise NotImplementedError("ConvTranspose with unequal or automatic pads")
    return functional.conv_transpose2d(
        x,
        weight,
        bias,
        stride=attributes.get("strides", 1),
        padding=pads[:axes],
        output_padding=attributes.get("output_padding", 0),
        groups=attributes.get("group", 1),
        dilation=attributes.get("dilations", 1),
    )


def largest_pool(attributes: Attributes, x: Tensor):
    """MaxPool."""
    x, padding = _padding(attributes, x, value=-torch.inf)
    return functional.max_pool2d(
        x,
        attributes["kernel_shape"],
        attributes.get("strides", 1),
        padding,
        attributes.get("dilations", 1),
        ceil_mode=bool(attributes.get("ceil_mode", 0)),
    )


def mean_pool(attributes: Attributes, x: Tensor):
    """AveragePool."""
    counted = bool(attributes.get("count_include_pad", 0))
    x, padding = _padding(attributes, x)
    return functional.avg_pool2d(
        x,
        attributes["kernel_shape"],
        attributes.get("strides", 1),
        padding,
        ceil_mode=bool(attributes.get("ceil_mode", 0)),
        count_include_pad=counted,
    )


def normalised(attributes: Attributes, x: Tensor, scale, bias, mean, variance):
    """BatchNormalization, as at inference."""
    return functional.batch_norm(
        x, mean, variance, scale, bias, eps=attributes.get("epsilon", 1e-5)
    )


def resized(attributes: Attributes, x: Tensor, _roi=None, scales=None, *sizes: Numbers):
    """Resize of the last two axes."""
    mode = attributes.get("mode", "nearest")
    place = attributes.get("coordinate_transformation_mode", "half_pixel")
    factors = [] if scales is None else _read(scales)
    if not factors:
        wanted = [int(n) for n in _read(sizes[0])[2:]]
    else:
        wanted = [int(n * s) for n, s in zip(x.shape[2:], factors[2:], strict=True)]
    if mode == "nearest":
        if any(new % old for new, old in zip(wanted, x.shape[2:], strict=True)):
            raise NotImplementedError("Resize to the nearest by a factor that is not whole")
        return functional.interpolate(x, wanted, mode="nearest")
    if mode != "linear" or place not in ("half_pixel", "align_corners", "pytorch_half_pixel"):
        raise NotImplementedError(f"Resize with mode {mode!r} and {place!r}")
    return functional.interpolate(
        x, wanted, mode="bilinear", align_corners=place == "align_corners"
    )


def padded(attributes: Attributes, x: Tensor, pads: Numbers, value=None, axes=None):
    """Pad with a constant, the edge, or a reflection."""
    mode = attributes.get("mode", "constant")
    amount = _amount(_read(pads)) if axes is None else None
    if amount is None:
        raise NotImplementedError("Pad of some axes only")
    if mode == "constant":
        return functional.pad(x, amount, value=0.0 if value is None else _one(value))
    return functional.pad(x, amount[:4], mode={"edge": "replicate", "reflect": "reflect"}[mode])


def sliced(_: Attributes, x: Tensor, starts: Numbers, ends: Numbers, axes=None, steps=None):
    """Slice forwards."""
    firsts, lasts = _read(starts), _read(ends)
    places = range(len(firsts)) if axes is None else _read(axes)
    leaps = [1] * len(firsts) if steps is None else _read(steps)
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(places, firsts, lasts, leaps, strict=True):
        if step < 1:
            raise NotImplementedError("Slice backwards")
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def split(attributes: Attributes, x: Tensor, sizes: Numbers | None = None):
    """Split into parts of given sizes, or into equal ones."""
    axis = attributes.get("axis", 0)
    if sizes is not None:
        return torch.split(x, _read(sizes), axis)
    return torch.chunk(x, attributes["num_outputs"], axis)


def reshaped(attributes: Attributes, x: Tensor, shape: Numbers):
    """Reshape; 0 keeps a side."""
    keep = not attributes.get("allowzero", 0)
    sides = [
        x.shape[axis] if keep and side == 0 else side for axis, side in enumerate(_read(shape))
    ]
    return x.reshape(sides)


def expanded(_: Attributes, x: Tensor, shape: Numbers):
    """Expand to a shape that x is stretched to, or that stretches."""
    return x * torch.ones(_read(shape), dtype=x.dtype, device=x.device)


def gathered(attributes: Attributes, x: Tensor, places: Tensor):
    """Gather whole slices."""
    axis = attributes.get("axis", 0) % x.ndim
    places = torch.where(places < 0, places + x.shape[axis], places)
    taken = x.index_select(axis, places.reshape(-1))
    return taken.reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])


def reduced(run: Callable[..., Tensor]) -> Operator:
    """Make an operator that reduces axes, given as an attribute or an input."""

    def operator(attributes: Attributes, x: Tensor, axes: Numbers | None = None):
        chosen = attributes.get("axes") or (_read(axes) if axes is not None else None)
        keep = bool(attributes.get("keepdims", 1))
        return run(x, dim=chosen or list(range(x.ndim)), keepdim=keep)

    return operator


def axes_of(attributes: Attributes, axes: Numbers | None) -> list[int]:
    """Return the axes that Squeeze or Unsqueeze is about."""
    return list(attributes.get("axes") or ([] if axes is None else _read(axes)))


def squeezed(attributes: Attributes, x: Tensor, axes: Numbers | None = None):
    """Squeeze."""
    chosen = axes_of(attributes, axes)
    return x.squeeze(chosen) if chosen else x.squeeze()


def unsqueezed(attributes: Attributes, x: Tensor, axes: Numbers | None = None):
    """Unsqueeze."""
    chosen = axes_of(attributes, axes)
    rank = x.ndim + len(chosen)
    for axis in sorted(axis % rank for axis in chosen):
        x = x.unsqueeze(axis)
    return x


def clipped(_: Attributes, x: Tensor, low: Numbers | None = None, high: Numbers | None = None):
    """Clip."""
    if low is None and high is None:
        return x
    least, most = (None if limit is None else _one(limit) for limit in (low, high))
    return torch.clamp(x, least, most)


def clipped_in_place(
    _: Attributes, x: Tensor, low: Numbers | None = None, high: Numbers | None = None
):
    """Clip, over the input."""
    if low is None and high is None:
        return x
    least, most = (None if limit is None else _one(limit) for limit in (low, high))
    return torch.clamp_(x, least, most)


def _one(numbers: Any) -> float:
    """Return a single number, alone or in a row of one."""
    read = _read(numbers)
    return read[0] if isinstance(read, list) else read


def divided(_: Attributes, a: Tensor, b: Tensor):
    """Div; whole numbers are divided towards zero."""
    whole = not (a.is_floating_point() or b.is_floating_point())
    return torch.div(a, b, rounding_mode="trunc" if whole else None)


def plain(run: Callable[..., Tensor]) -> Operator:
    """Make an operator of a function that has no attributes."""
    return lambda _, *inputs: run(*inputs)

"""The layers of a Caffe network, as data.

Only what pose networks are made of. A layer whose bottom is also its top works in place, so the
same blob name stands for another array after it; order matters.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from posestream.errors import ModelError

KINDS = ("Convolution", "ReLU", "PReLU", "Pooling", "Concat")
"""Types of layers that can be converted."""
POOLINGS = ("MAX", "AVE")
Pair = tuple[int, int]
Shapes = Mapping[str, tuple[tuple[int, ...], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer; numbers that its kind does not have keep their defaults."""

    name: str
    """Its name, by which weights are found."""
    kind: str
    """What it does, for conversion one of `KINDS`."""
    bottoms: tuple[str, ...]
    """Blobs that go in."""
    top: str
    """Blob that comes out."""
    channels: int = 0
    """Channels that come out of a convolution."""
    kernel: Pair = (1, 1)
    """Rows and columns of the window of a convolution or pooling."""
    stride: Pair = (1, 1)
    """Rows and columns from one window to the next."""
    pad: Pair = (0, 0)
    """Rows and columns of zeros on each side."""
    dilation: Pair = (1, 1)
    """Rows and columns from one weight of a convolution to the next."""
    group: int = 1
    """Groups that a convolution's channels fall into."""
    has_bias: bool = True
    """Whether a convolution adds a bias."""
    pooling: str = "MAX"
    """What a pooling does, for conversion one of `POOLINGS`."""
    rounds_up: bool = True
    """Whether a pooling's last window may reach over the edge, as it does in Caffe by default."""
    negative_slope: float = 0.0
    """Factor of a ReLU on negative values."""
    is_shared: bool = False
    """Whether a PReLU has one slope for all channels."""


@dataclass(frozen=True, slots=True)
class Network:
    """Layers in the order they run."""

    input: str
    """Name of the blob with the picture, ``(B, 3, H, W)``."""
    layers: tuple[Layer, ...]
    """In order; every bottom is the input or an earlier top."""

    def only(self, tops: Collection[str]) -> Network:
        """Return the layers that some blobs need, which are all of known kinds.

        Raises:
            ModelError: If there is no such blob, or a layer is needed that cannot be converted.
        """
        needed, kept = set(tops), list[Layer]()
        for layer in reversed(self.layers):
            if layer.top in needed:
                _check_kind(layer)
                kept.append(layer)
                needed = (needed - {layer.top}) | set(layer.bottoms)
        if unknown := sorted(needed - {self.input}):
            raise ModelError(f"no layer of the network makes the blob {unknown[0]!r}")
        return Network(self.input, tuple(reversed(kept)))


def _check_kind(layer: Layer) -> None:
    if layer.kind not in KINDS:
        raise ModelError(
            f"layer {layer.name!r}: type {layer.kind!r} cannot be converted; "
            f"allowed: {', '.join(KINDS)}"
        )
    if layer.kind != "Concat" and len(layer.bottoms) != 1:
        raise ModelError(f"layer {layer.name!r}: {len(layer.bottoms)} bottoms; allowed: 1")
    if layer.kind == "Pooling" and layer.pooling not in POOLINGS:
        raise ModelError(
            f"layer {layer.name!r}: pool {layer.pooling!r} cannot be converted; "
            f"allowed: {', '.join(POOLINGS)}"
        )
    if layer.pooling == "AVE" and any(layer.pad):
        raise ModelError(f"layer {layer.name!r}: average pooling with pad cannot be converted")


def blob_channels(network: Network, *, input_channels: int = 3) -> dict[str, int]:
    """Return the channels of every blob, as they are after the last layer.

    Raises:
        ModelError: If a layer reads a blob that no earlier one made, or a number does not fit.
    """
    known = {network.input: input_channels}
    for layer in network.layers:
        known[layer.top] = _channels_out(layer, _channels_in(layer, known))
    return known


def weight_shapes(
    network: Network, *, input_channels: int = 3
) -> dict[str, tuple[tuple[int, ...], ...]]:
    """Return the shapes of the arrays that each layer with weights must have, by layer name.

    Raises:
        ModelError: As `blob_channels`.
    """
    known, shapes = {network.input: input_channels}, dict[str, tuple[tuple[int, ...], ...]]()
    for layer in network.layers:
        channels = _channels_in(layer, known)
        known[layer.top] = _channels_out(layer, channels)
        if layer.kind == "PReLU":
            shapes[layer.name] = ((1 if layer.is_shared else sum(channels),),)
        elif layer.kind == "Convolution":
            weight = (layer.channels, sum(channels) // layer.group, *layer.kernel)
            shapes[layer.name] = (weight, (layer.channels,)) if layer.has_bias else (weight,)
    return shapes


def _channels_in(layer: Layer, known: Mapping[str, int]) -> Sequence[int]:
    for bottom in layer.bottoms:
        if bottom not in known:
            raise ModelError(f"layer {layer.name!r}: no layer before it makes {bottom!r}")
    return [known[bottom] for bottom in layer.bottoms]


def _channels_out(layer: Layer, channels: Sequence[int]) -> int:
    if layer.kind != "Convolution":
        return sum(channels)
    if layer.channels < 1 or layer.channels % layer.group or sum(channels) % layer.group:
        raise ModelError(
            f"layer {layer.name!r}: {sum(channels)} channels in and {layer.channels} out "
            f"do not fall into {layer.group} groups"
        )
    return layer.channels

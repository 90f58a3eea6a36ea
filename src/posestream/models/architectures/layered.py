"""A PyTorch network made of a Caffe network's layers; keys are ``LAYER.weight``, ``LAYER.bias``."""

from __future__ import annotations

from collections.abc import Sequence

import torch  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]

from posestream.models.caffe.layers import Layer, Network, weight_shapes


class LayeredNetwork(nn.Module):
    """Runs layers in order and returns some of their blobs."""

    def __init__(self, network: Network, outputs: Sequence[str]) -> None:
        """Make a module of every layer that has weights or a window.

        Args:
            network: The layers; poolings round up, as Caffe does.
            outputs: The blobs to return.
        """
        super().__init__()
        self._network = network.only(outputs)
        self._outputs = tuple(outputs)
        shapes = weight_shapes(self._network)
        for layer in self._network.layers:
            if layer.kind != "Concat":
                self.add_module(layer.name, _module(layer, shapes.get(layer.name, ())))

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return the outputs for pictures ``(B, 3, H, W)``."""
        blobs = {self._network.input: image}
        for layer in self._network.layers:
            inputs = [blobs[bottom] for bottom in layer.bottoms]
            if layer.kind == "Concat":
                blobs[layer.top] = torch.cat(inputs, dim=1)
            else:
                blobs[layer.top] = getattr(self, layer.name)(inputs[0])
        return tuple(blobs[name] for name in self._outputs)


def _module(layer: Layer, shapes: Sequence[Sequence[int]]) -> nn.Module:
    if layer.kind == "Convolution":
        return nn.Conv2d(
            shapes[0][1] * layer.group,
            layer.channels,
            layer.kernel,
            layer.stride,
            layer.pad,
            layer.dilation,
            layer.group,
            bias=layer.has_bias,
        )
    if layer.kind == "PReLU":
        return nn.PReLU(shapes[0][0])
    if layer.kind == "Pooling":
        assert layer.pooling == "MAX"
        return nn.MaxPool2d(layer.kernel, layer.stride, layer.pad, ceil_mode=layer.rounds_up)
    assert not layer.negative_slope
    return nn.ReLU()

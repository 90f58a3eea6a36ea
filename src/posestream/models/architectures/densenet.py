"""DenseNet-121 in PyTorch, with the keys of torchvision's.

Source:
    Huang et al. 2016, Densely Connected Convolutional Networks.
"""

from __future__ import annotations

from collections import OrderedDict

import torch  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]

FEATURES = 1024
"""Channels of `DenseNet121.features`."""
_LAYERS = (6, 12, 24, 16)
_GROWTH, _BOTTLENECK, _STEM, _CLASSES = 32, 128, 64, 1000


class DenseNet121(nn.Module):
    """The trunk, and the classifier that checkpoints carry along and nobody here uses.

    `features` gives ``(B, 1024, H / 32, W / 32)``, normalised and not rectified.
    """

    def __init__(self) -> None:
        super().__init__()
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(3, _STEM, 7, stride=2, padding=3, bias=False),
            norm0=nn.BatchNorm2d(_STEM),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, stride=2, padding=1),
        )
        channels = _STEM
        for i, layers in enumerate(_LAYERS, 1):
            parts[f"denseblock{i}"] = _Block(channels, layers)
            channels += layers * _GROWTH
            if i < len(_LAYERS):
                parts[f"transition{i}"] = _transition(channels)
                channels //= 2
        parts["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(parts)
        self.classifier = nn.Linear(channels, _CLASSES)


class _Block(nn.Module):
    """Layers that each see everything before them and add a little."""

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        for j in range(layers):
            self.add_module(f"denselayer{j + 1}", _layer(channels + j * _GROWTH))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        found = [maps]
        for layer in self.children():
            found.append(layer(torch.cat(found, dim=1)))
        return torch.cat(found, dim=1)


def _layer(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm1=nn.BatchNorm2d(channels),
            relu1=nn.ReLU(),
            conv1=nn.Conv2d(channels, _BOTTLENECK, 1, bias=False),
            norm2=nn.BatchNorm2d(_BOTTLENECK),
            relu2=nn.ReLU(),
            conv2=nn.Conv2d(_BOTTLENECK, _GROWTH, 3, padding=1, bias=False),
        )
    )


def _transition(channels: int) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, stride=2),
        )
    )

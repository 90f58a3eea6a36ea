"""ResNet-18 in PyTorch, with the keys of torchvision's.

Source:
    He et al. 2015, Deep Residual Learning for Image Recognition.
"""

from __future__ import annotations

import torch  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]

FEATURES = 512
"""Channels of `ResNet18.features`."""
_CLASSES = 1000


class ResNet18(nn.Module):
    """The trunk, and the classifier that checkpoints carry along and nobody here uses."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(_Block(64, 64), _Block(64, 64))
        self.layer2 = nn.Sequential(_Block(64, 128, stride=2), _Block(128, 128))
        self.layer3 = nn.Sequential(_Block(128, 256, stride=2), _Block(256, 256))
        self.layer4 = nn.Sequential(_Block(256, FEATURES, stride=2), _Block(FEATURES, FEATURES))
        self.fc = nn.Linear(FEATURES, _CLASSES)

    def features(self, image: torch.Tensor) -> torch.Tensor:
        """Return ``(B, 512, H / 32, W / 32)``."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(image))))
        return self.layer4(self.layer3(self.layer2(self.layer1(maps))))


class _Block(nn.Module):
    """Two 3 x 3 convolutions and a way around them."""

    def __init__(self, channels_in: int, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = None
        if stride != 1 or channels_in != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        around = maps if self.downsample is None else self.downsample(maps)
        through = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(maps)))))
        return self.relu(through + around)

"""TRTPose's networks in PyTorch: a trunk, then a head for maps and one for fields.

Keys and shapes are those of the published checkpoints.

Source:
    NVIDIA trt_pose: resnet18_baseline_att, densenet121_baseline_att and those without attention.
"""

from __future__ import annotations

import torch  # pyright: ignore[reportMissingImports]
from torch import nn  # pyright: ignore[reportMissingImports]

from posestream.models.architectures import densenet, resnet

_WIDTH = 256
_UPSAMPLINGS = 3  # from a 32nd of the picture's size to a quarter


class _ResNetTrunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.resnet = resnet.ResNet18()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.resnet.features(image)


class _DenseNetTrunk(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.densenet = densenet.DenseNet121()

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.densenet.features(image)


class _Heads(nn.Module):
    """Each head scales up and ends in a 1 x 1 convolution."""

    def __init__(self, features: int, maps: int, fields: int) -> None:
        super().__init__()
        self.cmap_conv = nn.Sequential(_upsampling(features), nn.Conv2d(_WIDTH, maps, 1))
        self.paf_conv = nn.Sequential(_upsampling(features), nn.Conv2d(_WIDTH, fields, 1))

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.cmap_conv(features), self.paf_conv(features)


class _AttentiveHeads(nn.Module):
    """Each head scales up and weighs what it has by an attention of its own before it ends."""

    def __init__(self, features: int, maps: int, fields: int) -> None:
        super().__init__()
        self.cmap_up = _upsampling(features)
        self.paf_up = _upsampling(features)
        self.cmap_att = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)
        self.paf_att = nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1)
        self.cmap_conv = nn.Conv2d(_WIDTH, maps, 1)
        self.paf_conv = nn.Conv2d(_WIDTH, fields, 1)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps, fields = self.cmap_up(features), self.paf_up(features)
        maps = maps * torch.sigmoid(self.cmap_att(maps))
        fields = fields * torch.tanh(self.paf_att(fields))
        return self.cmap_conv(maps), self.paf_conv(fields)


def _upsampling(channels: int) -> nn.Sequential:
    parts: list[nn.Module] = []
    for _ in range(_UPSAMPLINGS):
        parts += [
            nn.ConvTranspose2d(channels, _WIDTH, 4, stride=2, padding=1),
            nn.BatchNorm2d(_WIDTH),
            nn.ReLU(),
        ]
        channels = _WIDTH
    return nn.Sequential(*parts)


def build_trtpose(*, trunk: str, attention: bool, maps: int, fields: int) -> nn.Module:
    """Return a network that gives maps and fields at a quarter of the picture's size.

    Args:
        trunk: ``resnet18`` or ``densenet121``.
        attention: Whether the heads weigh what they have.
        maps: Channels of the confidence maps.
        fields: Channels of the part affinity fields.
    """
    modules = {"resnet18": (_ResNetTrunk, 512), "densenet121": (_DenseNetTrunk, 1024)}
    make, features = modules[trunk]
    heads = _AttentiveHeads if attention else _Heads
    return nn.Sequential(make(), heads(features, maps, fields))

"""OpenPose's two body networks as layers, under the names of CMU's published files.

Source:
    Cao et al. 2017, Realtime Multi-Person 2D Pose Estimation using Part Affinity Fields (COCO).
    Cao et al. 2019, OpenPose (BODY_25): fields first, dense blocks of three 3 x 3 convolutions.
"""

from __future__ import annotations

from posestream.models.caffe.layers import Layer, Network

IMAGE = "image"
COCO_MAPS, COCO_FIELDS = "Mconv7_stage6_L2", "Mconv7_stage6_L1"
BODY_25_MAPS, BODY_25_FIELDS = "Mconv7_stage1_L1", "Mconv7_stage3_L2"
_VGG_19 = ((64, 64), (128, 128), (256, 256, 256, 256), (512, 512))
"""Channels of VGG-19's convolutions up to conv4_2, by block."""


class _Stack:
    """Collects layers one after another."""

    def __init__(self) -> None:
        self.layers: list[Layer] = []

    def convolution(self, name: str, bottom: str, channels: int, kernel: int) -> str:
        self.layers.append(
            Layer(
                name=name,
                kind="Convolution",
                bottoms=(bottom,),
                top=name,
                channels=channels,
                kernel=(kernel, kernel),
                pad=(kernel // 2, kernel // 2),
            )
        )
        return name

    def activation(self, blob: str, *, prefix: str, kind: str) -> str:
        """Add an activation in place, called like its convolution with another prefix."""
        name = blob.replace("conv", prefix, 1)
        self.layers.append(Layer(name=name, kind=kind, bottoms=(blob,), top=blob))
        return blob

    def pooling(self, name: str, bottom: str) -> str:
        window = (2, 2)
        self.layers.append(
            Layer(
                name=name, kind="Pooling", bottoms=(bottom,), top=name, kernel=window, stride=window
            )
        )
        return name

    def concat(self, name: str, *bottoms: str) -> str:
        self.layers.append(Layer(name=name, kind="Concat", bottoms=bottoms, top=name))
        return name

    def network(self) -> Network:
        return Network(IMAGE, tuple(self.layers))


def openpose_coco(maps: int, fields: int) -> Network:
    """Return the COCO network: six stages of two branches, fields (L1) and maps (L2)."""
    stack = _Stack()
    features = _features(stack, last_kind="ReLU")
    ends = []
    for branch, channels in (("L1", fields), ("L2", maps)):
        blob = features
        for i, (width, kernel) in enumerate(((128, 3), (128, 3), (128, 3), (512, 1)), 1):
            blob = stack.convolution(f"conv5_{i}_CPM_{branch}", blob, width, kernel)
            stack.activation(blob, prefix="relu", kind="ReLU")
        ends.append(stack.convolution(f"conv5_5_CPM_{branch}", blob, channels, 1))
    for stage in range(2, 7):
        together = stack.concat(f"concat_stage{stage}", *ends, features)
        ends = [
            _coco_branch(stack, f"stage{stage}_{branch}", together, channels)
            for branch, channels in (("L1", fields), ("L2", maps))
        ]
    stack.concat("concat_stage7", ends[1], ends[0])
    return stack.network()


def _coco_branch(stack: _Stack, suffix: str, blob: str, channels: int) -> str:
    """Add five 7 x 7 and two 1 x 1 convolutions."""
    for i in range(1, 7):
        blob = stack.convolution(f"Mconv{i}_{suffix}", blob, 128, 7 if i < 6 else 1)
        stack.activation(blob, prefix="relu", kind="ReLU")
    return stack.convolution(f"Mconv7_{suffix}", blob, channels, 1)


def openpose_body_25(maps: int, fields: int) -> Network:
    """Return the BODY_25 network: four stages of fields (L2), then two of maps (L1)."""
    stack = _Stack()
    features = _features(stack, last_kind="PReLU")
    end = _dense_stage(stack, "stage0_L2", features, fields, width=96, wide=256)
    for stage in range(1, 4):
        together = stack.concat(f"concat_stage{stage}_L2", features, end)
        end = _dense_stage(stack, f"stage{stage}_L2", together, fields, width=128, wide=512)
    together = stack.concat("concat_stage0_L1", features, end)
    first = _dense_stage(stack, "stage0_L1", together, maps, width=96, wide=256)
    together = stack.concat("concat_stage1_L1", features, first, end)
    last = _dense_stage(stack, "stage1_L1", together, maps, width=128, wide=512)
    stack.concat("net_output", last, end)
    return stack.network()


def _dense_stage(
    stack: _Stack, suffix: str, blob: str, channels: int, *, width: int, wide: int
) -> str:
    """Add five blocks of three 3 x 3 convolutions, joined, and two 1 x 1 convolutions."""
    for i in range(1, 6):
        tops = []
        for j in range(3):
            blob = stack.convolution(f"Mconv{i}_{suffix}_{j}", blob, width, 3)
            tops.append(stack.activation(blob, prefix="prelu", kind="PReLU"))
        blob = stack.concat(f"Mconv{i}_{suffix}_concat", *tops)
    blob = stack.convolution(f"Mconv6_{suffix}", blob, wide, 1)
    stack.activation(blob, prefix="prelu", kind="PReLU")
    return stack.convolution(f"Mconv7_{suffix}", blob, channels, 1)


def _features(stack: _Stack, *, last_kind: str) -> str:
    """Add VGG-19 up to conv4_2 and two convolutions that narrow it to 128 channels."""
    blob = IMAGE
    for i, widths in enumerate(_VGG_19, 1):
        for j, width in enumerate(widths, 1):
            blob = stack.convolution(f"conv{i}_{j}", blob, width, 3)
            kind = last_kind if (i, j) == (4, 2) else "ReLU"
            stack.activation(blob, prefix=kind.lower(), kind=kind)
        if i < 4:
            blob = stack.pooling(f"pool{i}_stage1", blob)
    for name, width in (("conv4_3_CPM", 256), ("conv4_4_CPM", 128)):
        blob = stack.convolution(name, blob, width, 3)
        stack.activation(blob, prefix=last_kind.lower(), kind=last_kind)
    return blob

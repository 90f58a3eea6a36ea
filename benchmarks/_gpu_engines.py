"""What the benchmark of GPUs runs in each of its processes."""
# pyright: reportMissingImports=false

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _paf_scenes import scene

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.paf import PafDecoder
from posestream.gpu.engine import GpuEngine
from posestream.gpu.libraries import import_video_codec
from posestream.gpu.looped import LoopedPackets
from posestream.gpu.networks import CompiledNetwork, GraphNetwork, ModuleNetwork, Network
from posestream.gpu.packets import VideoInfo
from posestream.gpu.pose_decoding import DevicePoseDecoding, HostPoseDecoding, PoseDecoding
from posestream.gpu.runner import Runner
from posestream.models.architectures.catalogue import ARCHITECTURES
from posestream.models.card import InputSpec
from posestream.models.registry import find_model
from posestream.types import Poses

FRAME = (1920, 1080)
MEANINGS = ("confidence_maps", "part_affinity_fields")
PEOPLE = 9  # in a square scene, of which the frame shows a bit more than half
Clip = tuple[VideoInfo, list[tuple[bytes, int, bool]], int]
Made = tuple[Network, InputSpec, Any]


def make_decoding() -> GpuEngine:
    """Return an engine that decodes on the same threads and throws the pictures away."""
    return GpuEngine([NoRunner()], gather_s=0.002)  # type: ignore[list-item]


def make_engine(
    name: str, *, poses: str, compile_network: bool, gather_s: float = 0.006
) -> GpuEngine:
    network, spec, decoder = made(name)
    if compile_network and not name.startswith("embedded"):
        network = CompiledNetwork(network)
    runner = Runner(
        LaidOver(network, spec) if name[:3] in ("r18", "d12") else network,
        pose_decoding(decoder, poses),
        spec=spec,
        rule=spec.rule(),
        batch=16 if name.startswith("openpose") else 64,
    )
    runner.prepare(FRAME)
    return GpuEngine([runner], gather_s=gather_s)


def repeated(path: Path, rate: float | None) -> LoopedPackets:
    info, packets, ticks = load(path)
    return LoopedPackets(info, packets, ticks=ticks, times=None, frames_per_s=rate)


class NoSlot:
    """Stands in for a batch on a GPU."""

    size = (1, 1)

    def start(self, surfaces: Sequence[Any]) -> None:
        """Count."""
        self.count = len(surfaces)

    def wait(self) -> None:
        """Return at once."""

    def collect(self) -> list[Any]:
        """Find nobody."""
        return [Poses.empty(0)] * self.count


class NoRunner:
    """Stands in for a GPU's networks where only decoding counts."""

    batch, device = 64, 0

    def input_size(self, frame_size: tuple[int, int]) -> tuple[int, int]:
        """Return any."""
        return frame_size

    def lend(self, frame_size: tuple[int, int]) -> NoSlot:
        """Return a slot."""
        return NoSlot()

    def give_back(self, slot: NoSlot) -> None:
        """Do nothing."""


@functools.cache
def load(path: Path) -> Clip:
    """Read a clip's packets with PyNvVideoCodec's demuxer, which needs no PyAV."""
    demuxer = import_video_codec().CreateDemuxer(filename=str(path))
    packets = [
        (ctypes.string_at(packet.bsl_data, packet.bsl), packet.pts, bool(packet.key))
        for packet in demuxer
        if packet.bsl
    ]
    packets[0] = (*packets[0][:2], True)
    shown = sorted(pts for _, pts, _ in packets)
    ticks = shown[-1] - shown[0] + (shown[1] - shown[0])
    codec = {"H264": "h264", "HEVC": "hevc"}[str(demuxer.GetNvCodecId()).rsplit(".", 1)[-1]]
    info = VideoInfo(
        codec=codec,
        size=(demuxer.Width(), demuxer.Height()),
        pixel_format="yuv420p",
        reordered=[pts for _, pts, _ in packets] != shown,
        time_base=Fraction(demuxer.GetTimebaseNum(), demuxer.GetTimebaseDen()),
    )
    print(
        f"{path.name}: {len(packets)} packets, {sum(len(p[0]) for p in packets) >> 10} KB, {info}"
    )
    return info, packets, ticks


def made(name: str) -> Made:
    """Return a network, how it takes pixels, and a decoder of its maps."""
    if name.startswith("embedded"):
        card = find_model("movenet-multipose")
        return GraphNetwork(card), card.input, CenterDecoder(card.topology, stride=card.stride)
    key, size = {
        "r18-224": ("resnet18_baseline_att", (224, 224)),
        "d121-256": ("densenet121_baseline_att", (256, 256)),
        "openpose-656x368": ("openpose-coco", (656, 368)),
    }[name]
    torch.manual_seed(0)
    architecture = ARCHITECTURES[key]
    module = architecture.build(*architecture.channels(architecture.topology))
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d) and part.running_var is not None:
            torch.nn.init.uniform_(part.running_var, 0.5, 1.5)
    spec = architecture.input(size=size, batch=None)
    decoder = PafDecoder(architecture.topology, stride=architecture.stride, min_score=0.3)
    return ModuleNetwork(module, MEANINGS), spec, decoder


def pose_decoding(decoder: Any, where: str) -> PoseDecoding:
    if where == "host":
        return HostPoseDecoding(decoder)
    from posestream.decoding.gpu_decoder import GpuDecoder

    return DevicePoseDecoding(GpuDecoder(decoder, threads=4))


class LaidOver:
    """Lays scenes over a network's maps, which mean nothing as its weights are made up."""

    def __init__(self, network: Network, spec: InputSpec) -> None:
        side = (spec.fixed_size or (0, 0))[0] // 4
        rng = np.random.default_rng(0)
        scenes = [scene(rng, PEOPLE, noise=0.02, size=side) for _ in range(64)]
        self._network, self.capturable = network, network.capturable
        self.slow_start = network.slow_start
        self._over = {
            name: torch.from_numpy(np.stack(arrays)).cuda().half()
            for name, arrays in zip(
                MEANINGS, ([s.maps for s in scenes], [s.fields for s in scenes]), strict=True
            )
        }

    def __call__(self, pixels: Any) -> dict[str, Any]:
        maps = self._network(pixels)
        return {name: tensor * 0 + self._over[name][: len(tensor)] for name, tensor in maps.items()}

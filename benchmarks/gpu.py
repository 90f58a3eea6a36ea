"""How many 1080p streams does a GPU carry, and how soon are people known after a packet?

    python benchmarks/gpu.py CLIP_H264 CLIP_LIVE CLIP_HEVC --output benchmarks/results/gpu.json

Clips are short MP4 files of 1080 lines; CLIP_LIVE has no B-frames, as cameras send it. Packets are
repeated from memory. TRTPose's and OpenPose's networks have made-up weights, on which speed does
not depend; scenes of about five people are laid over TRTPose's maps, so that finding people costs
what it costs. Decode-only and network-only are taken in the same run. Needs the extra `gpu`.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import ctypes
import functools
import json
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _machine import machine
from _paf_scenes import scene

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.paf import PafDecoder
from posestream.gpu.engine import GpuEngine, Outcome
from posestream.gpu.libraries import import_video_codec
from posestream.gpu.looped import LoopedPackets
from posestream.gpu.networks import GraphNetwork, ModuleNetwork, Network, compiled
from posestream.gpu.packets import VideoInfo
from posestream.gpu.pose_decoding import DevicePoseDecoding, HostPoseDecoding, PoseDecoding
from posestream.gpu.processes import EngineProcesses, ProcessStream
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs=3, type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--streams", type=int, default=145)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", default="", help="parts of names of what to run")
    parser.add_argument("--poses", choices=("gpu", "host"), default="gpu")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--single", action="store_true")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {
        "machine": machine() | {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__},
        "weights": "made up, except the embedded network's",
        "poses": arguments.poses,
    }
    Benchmark(arguments, figures).run()


class Benchmark:
    def __init__(self, arguments: argparse.Namespace, figures: dict[str, Any]) -> None:
        self.arguments, self.figures = arguments, figures
        self.paths = dict(zip(("h264", "live", "hevc"), arguments.clips, strict=True))

    def run(self) -> None:
        count, processes = self.arguments.streams, self.arguments.processes
        if self.wanted("decode_only"):
            engines = EngineProcesses(make_decoding, count=processes)
            for codec in ("h264", "hevc"):
                self.note(
                    f"decode_only {codec} {count}", lambda c=codec: self.measured(engines, c, count)
                )
            engines.close()
        for name, share, codecs in (
            ("r18-224", processes, ("h264", "hevc")),
            ("d121-256", 2, ("h264",)),
            ("embedded-512", processes, ("h264",)),
            ("openpose-656x368", 1, ("h264",)),
        ):
            if self.wanted(name):
                self.network(name, codecs, min(share, processes))

    def network(self, name: str, codecs: Sequence[str], processes: int) -> None:
        self.note(f"{name} network_only", lambda: network_only(*made(name)[:2]))
        torch.cuda.empty_cache()
        settings = {"poses": self.arguments.poses, "compile_network": self.arguments.compile}
        make = functools.partial(make_engine, name, **settings)
        count = 16 if name.startswith("openpose") else self.arguments.streams
        engines = EngineProcesses(make, count=processes)
        for codec in codecs:
            title = f"{name} density {codec} {count} streams, {processes} processes"
            self.note(title, lambda c=codec: self.measured(engines, c, count))
        if name.startswith("r18"):
            self.note(f"{name} live 128", lambda: self.live(engines, 128))
        engines.close()
        if self.arguments.single:
            engines = EngineProcesses(functools.partial(make, gather_s=0.0), count=1)
            self.note(f"{name} single", lambda: self.single(engines))
            engines.close()

    def wanted(self, name: str) -> bool:
        parts = [part for part in self.arguments.only.split(",") if part]
        return not parts or any(part in name for part in parts)

    def note(self, name: str, measure: Callable[[], Any]) -> None:
        """Measure, print, and keep, so that what was measured is there whatever comes next."""
        if not self.wanted(name):
            return
        self.figures[name] = measure()
        print(f"{name}: {self.figures[name]}", flush=True)
        if self.arguments.output:
            text = json.dumps(self.figures, indent=2, default=str)
            self.arguments.output.write_text(text + "\n")

    def source(self, codec: str, rate: float | None = None) -> Callable[[], LoopedPackets]:
        return functools.partial(repeated, self.paths[codec], rate)

    def measured(self, engines: EngineProcesses, codec: str, count: int) -> dict[str, float]:
        """Let streams run as fast as they can and count what comes out, once all are open."""
        tally, memory = Tally(), free_memory()
        streams = [engines.add(f"{i}", self.source(codec), tally.add) for i in range(count)]
        opened_s = wait_until(lambda: all(s.delivered > 3 or s.error for s in streams), 90)
        time.sleep(0.5)
        used = memory - free_memory()
        tally.reset()
        before, began = delivered(streams), time.perf_counter()
        time.sleep(self.arguments.seconds)
        after, took = delivered(streams), time.perf_counter() - began
        figures = {
            "fps": round((after - before) / took, 1),
            "streams_of_30": round((after - before) / took / 30, 1),
            "opened_s": round(opened_s, 1),
            "mb_per_stream": round(used / count / 1e6, 1),
            **tally.summary(),
        }
        for stream in streams:
            engines.stop(stream.name)
        for stream in streams:
            engines.remove(stream.name, timeout_s=10)
        return figures

    def live(self, engines: EngineProcesses, count: int) -> dict[str, float]:
        """As from cameras: 30 packets a second of each stream."""
        tally = Tally()
        source = self.source("live", 30.0)
        streams = [engines.add(f"live-{i}", source, tally.add, live=True) for i in range(count)]
        wait_until(lambda: all(s.delivered > 10 for s in streams), 60)
        time.sleep(3)
        tally.reset()
        before, began = delivered(streams), time.time()
        time.sleep(self.arguments.seconds)
        took = time.time() - began
        fps = round((delivered(streams) - before) / took, 1)
        figures = {"fps": fps, "of": 30.0 * count, **tally.summary()}
        for stream in streams:
            engines.stop(stream.name)
        ended = [engines.remove(stream.name, timeout_s=10) for stream in streams]
        return figures | {"dropped_while_opening_and_after": sum(s.dropped for s in ended)}

    def single(self, engines: EngineProcesses) -> dict[str, Any]:
        """One stream: as fast as it goes, and one frame at a time."""
        figures: dict[str, Any] = {}
        for kind, codec, ahead in (("fps", "h264", 8), ("latency", "live", 1)):
            tally = Tally()
            stream = engines.add(kind, self.source(codec), tally.add, ahead=ahead)
            wait_until(lambda s=stream: s.delivered > 100, 60)
            tally.reset()
            before, began = stream.delivered, time.perf_counter()
            time.sleep(2)
            took = time.perf_counter() - began
            fps = round((stream.delivered - before) / took, 1)
            figures[kind] = {"fps": fps, **tally.summary()}
            engines.remove(kind, timeout_s=10)
        return figures


def make_decoding() -> GpuEngine:
    """Return an engine that decodes on the same threads and throws the pictures away."""
    return GpuEngine([NoRunner()], gather_s=0.002)  # type: ignore[list-item]


def make_engine(
    name: str, *, poses: str, compile_network: bool, gather_s: float = 0.006
) -> GpuEngine:
    network, spec, decoder = made(name)
    if compile_network and not name.startswith("embedded"):
        network = compiled(network)
    runner = Runner(
        laid_over(network, spec) if name[:3] in ("r18", "d12") else network,
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


class Tally:
    """Latencies and people of what came out."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.latencies: list[float] = []
        self.people = 0

    def add(self, outcome: Outcome) -> None:
        self.latencies.append(outcome.latency_s)
        self.people += len(outcome.poses)

    def summary(self) -> dict[str, float]:
        if not self.latencies:
            return {}
        p50, p99 = np.percentile(self.latencies, (50, 99)) * 1e3
        return {
            "p50_ms": round(float(p50), 2),
            "p99_ms": round(float(p99), 2),
            "people_per_frame": round(self.people / len(self.latencies), 2),
        }


class NoSlot:
    size = (1, 1)

    def start(self, surfaces: Sequence[Any]) -> None:
        self.count = len(surfaces)

    def wait(self) -> None:
        pass

    def collect(self) -> list[Any]:
        return [Poses.empty(0)] * self.count


class NoRunner:
    """Stands in for a GPU's networks where only decoding counts."""

    batch, device = 64, 0

    def input_size(self, frame_size: tuple[int, int]) -> tuple[int, int]:
        return frame_size

    def lend(self, frame_size: tuple[int, int]) -> NoSlot:
        return NoSlot()

    def give_back(self, slot: NoSlot) -> None:
        pass


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
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.running_var, 0.5, 1.5)
    spec = architecture.input(size=size, batch=None)
    decoder = PafDecoder(architecture.topology, stride=architecture.stride, min_score=0.3)
    return ModuleNetwork(module, MEANINGS), spec, decoder


def pose_decoding(decoder: Any, where: str) -> PoseDecoding:
    if where == "host":
        return HostPoseDecoding(decoder)
    from posestream.decoding.gpu_decoder import GpuDecoder

    return DevicePoseDecoding(GpuDecoder(decoder, threads=4))


def laid_over(network: Network, spec: InputSpec) -> Network:
    """Lay scenes over a network's maps, which mean nothing as its weights are made up."""
    side = (spec.fixed_size or (0, 0))[0] // 4
    rng = np.random.default_rng(0)
    scenes = [scene(rng, PEOPLE, noise=0.02, size=side) for _ in range(64)]
    over = {
        name: torch.from_numpy(np.stack(arrays)).cuda().half()
        for name, arrays in zip(
            MEANINGS, ([s.maps for s in scenes], [s.fields for s in scenes]), strict=True
        )
    }

    def run(pixels: Any) -> dict[str, Any]:
        maps = network(pixels)
        return {name: tensor * 0 + over[name][: len(tensor)] for name, tensor in maps.items()}

    return run


def network_only(network: Network, spec: InputSpec) -> dict[str, float]:
    """Frames per second of the network alone, recorded as a CUDA graph."""
    box = spec.rule().letterbox(FRAME)
    figures = {}
    for batch in (1, 16) if (box.input_size[0] > 600) else (1, 32, 64):
        shape = (batch, box.input_size[1], box.input_size[0], 3)
        pixels = torch.rand(shape, device="cuda").half()
        if spec.layout == "NCHW":
            pixels = pixels.permute(0, 3, 1, 2)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.inference_mode(), torch.cuda.stream(stream):
            for _ in range(3):
                network(pixels)
            stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream):
                network(pixels)
            rounds = max(5, int(0.4 / timed(graph, 3)))
            seconds = timed(graph, rounds)
        figures[f"batch_{batch}"] = round(batch / seconds, 1)
    return figures


def timed(graph: Any, rounds: int) -> float:
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(rounds):
        graph.replay()
    torch.cuda.synchronize()
    return (time.perf_counter() - began) / rounds


def delivered(streams: Sequence[ProcessStream]) -> int:
    problems = {str(s.error) for s in streams if s.error}
    if problems:
        raise RuntimeError("; ".join(problems))
    return sum(s.delivered for s in streams)


def free_memory() -> int:
    return torch.cuda.mem_get_info()[0]


def wait_until(holds: Callable[[], bool], limit_s: float) -> float:
    began = time.perf_counter()
    while not holds():
        if time.perf_counter() - began > limit_s:
            print("  gave up waiting", flush=True)
            break
        time.sleep(0.05)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

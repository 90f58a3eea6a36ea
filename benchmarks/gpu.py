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
import functools
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _gpu_engines import FRAME, made, make_decoding, make_engine, repeated
from _machine import machine

from posestream.gpu.engine import Outcome
from posestream.gpu.looped import LoopedPackets
from posestream.gpu.networks import Network
from posestream.gpu.processes import EngineProcesses, ProcessStream
from posestream.models.card import InputSpec


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
    """Takes all figures, one after the other."""

    def __init__(self, arguments: argparse.Namespace, figures: dict[str, Any]) -> None:
        self.arguments, self.figures = arguments, figures
        self.paths: dict[str, Path] = dict(
            zip(("h264", "live", "hevc"), arguments.clips, strict=True)
        )

    def run(self) -> None:
        """Take what is wanted."""
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
        """Take the figures of one network."""
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
        """Return whether a figure was asked for."""
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
        """Return what opens a clip that repeats itself for ever."""
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


class Tally:
    """Latencies and people of what came out."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.latencies: list[float] = []
        self.people = 0

    def add(self, outcome: Outcome) -> None:
        """Count a frame."""
        self.latencies.append(outcome.latency_s)
        self.people += len(outcome.poses)

    def summary(self) -> dict[str, float]:
        """Return the middle, the worst of a hundred, and people."""
        if not self.latencies:
            return {}
        p50, p99 = np.percentile(self.latencies, (50, 99)) * 1e3
        return {
            "p50_ms": round(float(p50), 2),
            "p99_ms": round(float(p99), 2),
            "people_per_frame": round(self.people / len(self.latencies), 2),
        }


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

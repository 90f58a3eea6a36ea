"""How long does it take to make network inputs of decoded pictures on the GPU?

    python benchmarks/gpu_preprocessing.py --output gpu_preprocessing.json

Pictures of 1920 x 1080 in NV12, each in memory of its own and together more than the GPU's cache
holds, become inputs in 16-bit floats. The kernel's time is the median of many launches in a CUDA
graph; beside it stand the bytes that it must touch, as a share of what a plain copy moves in the
same time, and the host's time to describe a batch, per picture.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import time
from pathlib import Path

import _machine
import numpy as np
import torch

from posestream.batching.crops import Crop
from posestream.gpu.preprocessing import Preprocessor
from posestream.gpu.surfaces import Colour, Surface
from posestream.models.card import InputSpec

FRAME = (1920, 1080)
PITCH = 2048
CASES = [(1, (224, 224)), (8, (224, 224)), (32, (224, 224)), (64, (224, 224))]
CASES += [(32, (256, 256)), (32, (512, 288)), (16, (656, 368))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    copied = bandwidth()
    rows = [measure(batch, size, copied=copied) for batch, size in CASES]
    for row in rows:
        print(row)
    card = torch.cuda.get_device_name()
    print(f"{card}: a copy moves {copied:.0f} bytes/ns, reading and writing")
    report = {"card": card, "torch": torch.__version__, "copy_bytes_per_ns": copied, "rows": rows}
    _machine.write(report, arguments.output)


def measure(batch: int, size: tuple[int, int], *, copied: float) -> dict[str, object]:
    """Measure one size of batch and input."""
    spec = InputSpec(
        name="image",
        layout="NCHW",
        dtype="float32",
        colour="RGB",
        scale=1 / 255,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        fixed_size=size,
    )
    maker = Preprocessor(spec, size=size, batch=batch)
    surfaces = [surface() for _ in range(batch)]
    crops = [Crop.whole(place, FRAME, spec.rule()) for place in range(batch)]
    boxes = maker.describe(surfaces, crops, batch)
    with_copy = on_gpu(lambda: maker.launch(batch))
    columns, rows = boxes[0].content_size
    must = batch * (FRAME[0] * FRAME[1] * 3 // 2 + 2 * 3 * size[0] * size[1])
    started = time.perf_counter()
    for _ in range(100):
        maker.describe(surfaces, crops, batch)
    describe = (time.perf_counter() - started) / 100 / batch
    return {
        "batch": batch,
        "input": list(size),
        "content": [columns, rows],
        "kernel_us": with_copy,
        "share_of_bandwidth": must / (1e3 * with_copy) / copied,
        "describe_us_per_picture": 1e6 * describe,
    }


def surface() -> Surface:
    """Return a picture of noise that keeps its memory."""
    height = FRAME[1]
    planes = torch.randint(0, 256, (height * 3 // 2, PITCH), dtype=torch.uint8, device="cuda")
    start = planes.data_ptr()
    chroma = start + PITCH * height
    colour = Colour("bt709")
    return Surface(start, chroma, pitch=PITCH, size=FRAME, colour=colour, release=[planes].clear)


def bandwidth() -> float:
    """Return the bytes per nanosecond that a copy reads and writes."""
    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / (1e3 * on_gpu(lambda: target.copy_(source), inside=3))


def on_gpu(work, *, runs: int = 20, inside: int = 10) -> float:
    """Return the microseconds that the GPU takes, launches back to back in one graph."""
    work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(inside):
            work()
    times = []
    for _ in range(runs):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        end.synchronize()
        times.append(1e3 * begin.elapsed_time(end) / inside)
    return float(np.median(times))


if __name__ == "__main__":
    main()

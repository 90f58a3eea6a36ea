"""How long does decoding poses on the GPU take, and on what is the time spent?

    python benchmarks/gpu_decoding.py --output gpu_decoding.json

Per batch: every kernel by itself and the copy to the host (events around many repetitions; with the
last kernel goes a memset), all of the GPU's part as one CUDA graph, the CPU's part (`compatible`:
with 1, 2 and 4 threads), and the wall clock time of a whole batch from maps on the device to
`Poses`, one batch at a time. Medians. The maps are drawn crowds in 16-bit floats, channels last, as
a network on a GPU leaves them; they stay in the GPU's cache between repetitions, as they
do where a network has just written them.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import _machine
import numpy as np
import torch
from _paf_scenes import scene

from posestream.decoding.centers import CenterDecoder
from posestream.decoding.gpu_decoder import DeviceBatch, GpuDecoder
from posestream.decoding.paf import PafDecoder
from posestream.geometry import Letterbox
from posestream.topology import COCO_17, TRTPOSE_HUMAN
from posestream.types import Fields

BAR_US = 50.0
"""For a frame with five people in a batch of 32."""
Tensors = Mapping[str, torch.Tensor]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    rows = []
    for setting in ("robust", "compatible"):
        decoder = PafDecoder(TRTPOSE_HUMAN, stride=4, setting=setting)
        cases = [(1, 1), (1, 5), (8, 5), (32, 1), (32, 5), (32, 10), (32, 30), (64, 5)]
        for batch, people in cases if setting == "robust" else [(1, 5), (32, 5)]:
            rows.append(_measure(f"paf {setting}", decoder, _crowds(batch, people), people))
    centers = CenterDecoder(COCO_17)
    rows += [_measure("centers", centers, _centers(batch, 5), 5) for batch in (1, 32)]
    card = torch.cuda.get_device_name()
    for row in rows:
        print(row)
    decided = next(r for r in rows if (r["decoder"], r["batch"], r["people"]) == _DECIDING)
    print(f"{card}: {decided['us_per_frame']:.1f} us per frame, bar {BAR_US:.0f}")
    _machine.write({"card": card, "torch": torch.__version__, "rows": rows}, arguments.output)


_DECIDING = ("paf robust", 32, 5)


def _crowds(batch: int, people: int) -> dict[str, np.ndarray]:
    drawn = [scene(np.random.default_rng(n % 8), people, noise=0.03) for n in range(min(batch, 8))]
    frames = [drawn[n % len(drawn)] for n in range(batch)]
    return {
        "confidence_maps": np.stack([frame.maps for frame in frames]),
        "part_affinity_fields": np.stack([frame.fields for frame in frames]),
    }


def _centers(batch: int, people: int) -> dict[str, np.ndarray]:
    """Draw people as a center network would, 48 x 64 cells."""
    rng, height, width, count = np.random.default_rng(0), 48, 64, 17
    maps = {
        name: np.zeros((batch, channels, height, width), np.float32)
        for name, channels in CenterDecoder(COCO_17).rules.channels.items()
    }
    maps["keypoint_heatmap"] += 0.02 * rng.random((batch, count, height, width))
    y, x = np.mgrid[:height, :width]
    for b in range(batch):
        for p in range(people):
            middle = np.array([12 + 6 * (p % 2) + 10 * (p // 2), 8 + 11 * p])
            spots = middle + rng.uniform(-7, 7, (count, 2))
            near = np.exp(-((y - middle[0]) ** 2 + (x - middle[1]) ** 2) / 4)
            maps["center_heatmap"][b, 0] = np.maximum(maps["center_heatmap"][b, 0], 0.9 * near)
            maps["box_size"][b, :, middle[0], middle[1]] = 16, 12
            for k, (down, across) in enumerate(spots):
                hill = np.exp(-((y - down) ** 2 + (x - across) ** 2) / 2)
                maps["keypoint_heatmap"][b, k] = np.maximum(maps["keypoint_heatmap"][b, k], hill)
                maps["keypoint_regression"][b, 2 * k : 2 * k + 2, middle[0], middle[1]] = (
                    spots[k] - middle
                )
    return maps


def _measure(name: str, decoder, arrays: dict[str, np.ndarray], people: int) -> dict[str, object]:
    size = len(next(iter(arrays.values())))
    side = tuple(4 * n for n in next(iter(arrays.values())).shape[:1:-1])
    boxes = (Letterbox((2 * side[0], 2 * side[1]), side, side),) * size
    maps = {
        key: torch.from_numpy(array).cuda().half().contiguous(memory_format=torch.channels_last)
        for key, array in arrays.items()
    }
    gpu = GpuDecoder(decoder, threads=1)
    batch = gpu.prepare(maps)
    found = gpu.decode(batch, maps, boxes)
    stream, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        batch.launch(maps)
    split = _split(batch)
    row: dict[str, object] = {
        "decoder": name,
        "batch": size,
        "people": people,
        "people_found": float(np.mean([len(poses) for poses in found])),
        "bytes_back": batch.download_bytes,
        "split_us": split,
        "graph_us": _on_gpu(graph.replay),
        "launch_call_us": _on_host(lambda: batch.launch(maps)),
        "cpu_decoder_us": _on_host(lambda: decoder.decode(Fields(arrays, boxes)), runs=5),
        "place_us": _on_host(lambda: batch.place(boxes)),
    }
    for threads in (1, 2, 4) if name == "paf compatible" else (1,):
        team = GpuDecoder(decoder, threads=threads)
        row[f"people_us_{threads}_threads"] = _on_host(lambda t=team: t.people(batch, boxes))
        whole = _on_host(lambda t=team: _whole(t, batch, graph, boxes))
        row[f"whole_us_{threads}_threads"] = whole
        row["us_per_frame"] = whole / size
        team.close()
    gpu.close()
    return row


def _whole(gpu: GpuDecoder, batch: DeviceBatch, graph: torch.cuda.CUDAGraph, boxes) -> object:
    batch.place(boxes)
    graph.replay()
    torch.cuda.synchronize()
    return gpu.people(batch, boxes)


def _split(batch) -> dict[str, float]:
    """Return the time of each kernel and of the copy; what they work on is there already."""
    times = {step.kernel: _on_gpu(lambda s=step: _run_alone(batch, s)) for step in batch._steps}
    times["copy"] = _on_gpu(batch._found.download)
    return times


def _run_alone(batch, step) -> None:
    if step.kernel in ("find_people", "choose_people"):
        batch._found.used.zero_()  # or it would run out of rows
    batch._kernels.launch(step)


def _on_gpu(work: Callable[[], object], *, runs: int = 20, inside: int = 10) -> float:
    """Return the microseconds that the GPU takes, launches back to back in one graph."""
    graph = torch.cuda.CUDAGraph()
    if isinstance(getattr(work, "__self__", None), torch.cuda.CUDAGraph):
        replay, inside = work, 1
    else:
        with torch.cuda.graph(graph):
            for _ in range(inside):
                work()
        replay = graph.replay
    times = []
    for _ in range(runs):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        replay()
        end.record()
        end.synchronize()
        times.append(1e3 * begin.elapsed_time(end) / inside)
    return float(np.median(times))


def _on_host(work: Callable[[], object], *, runs: int = 30) -> float:
    work()
    torch.cuda.synchronize()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(1e6 * (time.perf_counter() - started))
        torch.cuda.synchronize()
    return float(np.median(times))


if __name__ == "__main__":
    main()

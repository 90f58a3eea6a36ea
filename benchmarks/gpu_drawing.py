"""How long does drawing on the GPU take: a mosaic of many streams, and skeletons on whole frames?

    python benchmarks/gpu_drawing.py --output gpu_drawing.json

Pictures are random NV12 of 1920 x 1080, each in memory of its own, with five people drawn on each.
``gpu_us`` is what the GPU takes by its own events, ``host_us`` what the calling thread takes to
enqueue it. ``whole_us`` of the board is a whole picture of a run's mosaic, the wait for the GPU
and names included, and ``thread_us`` what its thread works meanwhile. Medians.
"""
# pyright: reportMissingImports=false

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import _machine
import numpy as np
import torch

from posestream.gpu.surfaces import Colour, Surface
from posestream.mosaicking.board import Board, View
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.mosaicking.gpu_canvas import gpu_canvases
from posestream.overlay.annotator import Annotator
from posestream.overlay.gpu_mosaic import GpuMosaic
from posestream.overlay.gpu_skeletons import GpuSkeletons
from posestream.overlay.gpu_surfaces import Part
from posestream.topology import COCO_17
from posestream.types import Poses, Result, Tracks

FRAME = (1920, 1080)
STREAMS = 145
PEOPLE = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    device, rng = torch.device("cuda", 0), np.random.default_rng(0)
    pixels = torch.randint(
        0, 256, (STREAMS, FRAME[1] * 3 // 2, FRAME[0]), dtype=torch.uint8, device=device
    )
    pictures = [
        Part(one.data_ptr(), one.data_ptr() + FRAME[0] * FRAME[1], FRAME[0], FRAME)
        for one in pixels
    ]
    poses = [_people(rng) for _ in pictures]
    skeletons = GpuSkeletons(COCO_17, device)
    rows: dict[str, object] = {"streams": STREAMS, "people": PEOPLE, "frame": FRAME}
    for size in ((1920, 1080), (3840, 2160)):
        tiles = _tiles(size, 13, 12)[:STREAMS]
        for name, draws in (("scaled", None), ("scaled and drawn", skeletons)):
            mosaic = GpuMosaic(size, device, skeletons=draws)
            key = f"mosaic {size[0]}x{size[1]} {name}"
            rows[key] = _measure(lambda m=mosaic, t=tiles: m.show(pictures, t, poses))
        rows[f"mosaic {size[0]}x{size[1]} copy"] = _measure(mosaic.download)
    rows["board 1920x1080, 128 tiles"] = _board(pixels[:128], poses)
    for count in (1, 32):
        key = f"skeletons on {count} whole frames"
        rows[key] = _measure(lambda n=count: skeletons.draw(pictures[:n], poses[:n]))
    for key, row in rows.items():
        print(key, row)
    _machine.write({"card": torch.cuda.get_device_name(), **rows}, arguments.output)


@dataclass(frozen=True)
class _OnGpu:
    surface: Surface
    size: tuple[int, int] = FRAME


def _board(pixels: torch.Tensor, poses: list[Poses]) -> dict[str, float]:
    """Time what a run does for each picture of its mosaic, the wait for the GPU included."""
    canvases = gpu_canvases(COCO_17)
    board = Board(size=(1920, 1080), shape=None, on_gpu=canvases)
    colour, ids = Colour("bt709"), np.arange(PEOPLE)
    surfaces = [
        Surface(
            one.data_ptr(),
            one.data_ptr() + FRAME[0] * FRAME[1],
            pitch=FRAME[0],
            size=FRAME,
            colour=colour,
        )
        for one in pixels
    ]
    results = [
        Result("", 0, 0.0, 0.0, FRAME, Tracks(own, ids), COCO_17) for own in poses[: len(surfaces)]
    ]
    draw = Annotator(COCO_17).draw_skeletons
    whole, thread = [], []
    for _ in range(40):
        views = [
            View.of(f"camera {n}", DrawnLater(_OnGpu(s), r, draw), ended=False, trouble=None)  # type: ignore[arg-type]
            for n, (s, r) in enumerate(zip(surfaces, results, strict=True))
        ]
        began, used = time.perf_counter(), time.thread_time()
        board.draw(views)
        whole.append(1e6 * (time.perf_counter() - began))
        thread.append(1e6 * (time.thread_time() - used))
    return {"whole_us": float(np.median(whole[5:])), "thread_us": float(np.median(thread[5:]))}


def _tiles(size: tuple[int, int], columns: int, rows: int) -> list[tuple[int, int, int, int]]:
    width, height = size[0] // columns // 2 * 2, size[1] // rows // 2 * 2
    return [(c * width, r * height, width, height) for r in range(rows) for c in range(columns)]


def _people(rng: np.random.Generator) -> Poses:
    """Scatter people of a sixth of the frame's height."""
    middles = rng.uniform(0.1, 0.9, (PEOPLE, 1, 2)) * FRAME
    keypoints = (middles + rng.normal(0, 60, (PEOPLE, 17, 2))).astype(np.float32)
    boxes = np.concatenate([keypoints.min(axis=1), keypoints.max(axis=1)], axis=1)
    ones = np.ones((PEOPLE, 17), np.float32)
    return Poses(keypoints, ones, ones[:, 0], boxes)


def _measure(work: Callable[[], object], *, runs: int = 30) -> dict[str, float]:
    on_gpu, on_host = [], []
    for _ in range(runs + 3):
        torch.cuda.synchronize()
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(30_000_000)  # so that the GPU never waits for the host
        begin.record()
        started = time.perf_counter()
        work()
        on_host.append(1e6 * (time.perf_counter() - started))
        end.record()
        end.synchronize()
        on_gpu.append(1e3 * begin.elapsed_time(end))
    return {"gpu_us": float(np.median(on_gpu[3:])), "host_us": float(np.median(on_host[3:]))}


if __name__ == "__main__":
    main()

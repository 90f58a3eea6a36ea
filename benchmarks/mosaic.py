"""What a mosaic costs: scaling a picture into its tile, words, and the copy that sinks get.

    python benchmarks/mosaic.py --output benchmarks/results/mosaic.json

Prints milliseconds of one thread, the least of many tries. Pictures are noise, as decoders give
them: YUV 4:2:0, with the colours of video of their size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from _machine import write

from posestream.images import HostImage, plane_arrays
from posestream.mosaicking import open_mosaic
from posestream.overlay.layout import layout
from posestream.overlay.mosaic import MosaicCanvas
from posestream.types import Frame

SIZE = (1920, 1080)
SOURCES = ((1920, 1080), (1280, 720), (640, 480))
COUNTS = (1, 4, 9, 16, 64)


def main() -> None:
    parser = argparse.ArgumentParser(description="What a mosaic costs.")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--tries", type=int, default=50)
    arguments = parser.parse_args()
    tiles = [row(source, count, arguments.tries) for source in SOURCES for count in COUNTS]
    canvas = MosaicCanvas(layout(16), SIZE)
    figures = {
        "size": SIZE,
        "tile_ms": tiles,
        "copy_ms": fastest_ms(canvas.image, arguments.tries),
        "no_signal_ms": fastest_ms(
            lambda: canvas.no_signal(0, name="yard", reason="retrying in 4 s"), arguments.tries
        ),
        "files_16_pictures_per_s": files_per_s(16),
        "live_pictures_per_s_of_25": {count: live_per_s(count) for count in (16, 64)},
    }
    for name, value in figures.items():
        if name != "tile_ms":
            print(f"{name} {value}")
    write(figures, arguments.output)


def row(source: tuple[int, int], count: int, tries: int) -> dict[str, object]:
    """Time one tile of a mosaic of so many."""
    tiles = layout(count)
    canvas = MosaicCanvas(tiles, SIZE)
    images = [noise(source, seed) for seed in range(2)]
    turn = iter(range(10**9))
    tile_ms = fastest_ms(lambda: canvas.put(0, images[next(turn) % 2], name="camera 1"), tries)
    figures: dict[str, object] = {
        "source": source,
        "streams": count,
        "tile": (tiles[0].width, tiles[0].height),
        "ms": tile_ms,
    }
    print("  ".join(f"{name} {value}" for name, value in figures.items()))
    return figures


class _Nowhere:
    def write(self, frame: Frame) -> None:
        """Take a frame."""

    def close(self) -> None:
        """End."""


def files_per_s(count: int, *, ticks: int = 60) -> float:
    """Return pictures per second of a mosaic of 720p files, all of it on one feeding thread."""
    mosaic = open_mosaic([_Nowhere()], live=False, status=lambda _: None, size=SIZE)
    streams = [f"s{n}" for n in range(count)]
    images = [noise((1280, 720), seed) for seed in range(2)]
    for stream in streams:
        mosaic.add(stream, frame_rate=Fraction(25))
    start = time.perf_counter()
    for tick in range(ticks):
        for stream in streams:
            mosaic.show(stream, Frame(stream, tick, tick, Fraction(1, 25), images[tick % 2], 0.0))
    for stream in streams:
        mosaic.ended(stream)
    mosaic.close()
    assert mosaic.frames == ticks
    return round(ticks / (time.perf_counter() - start), 1)


def live_per_s(count: int, *, seconds: float = 4.0) -> float:
    """Return pictures per second of a mosaic of 1080p cameras with 30 frames per second each."""
    mosaic = open_mosaic([_Nowhere()], live=True, status=lambda _: None, size=SIZE)
    streams = [f"s{n}" for n in range(count)]
    images = [noise(SIZE, seed) for seed in range(2)]
    for stream in streams:
        mosaic.add(stream)
    start = time.perf_counter()
    for tick in range(round(30 * seconds)):
        for stream in streams:
            mosaic.show(stream, Frame(stream, tick, tick, Fraction(1, 30), images[tick % 2], 0.0))
        time.sleep(max(0.0, start + (tick + 1) / 30 - time.perf_counter()))
    mosaic.close()
    return round(mosaic.frames / (time.perf_counter() - start), 1)


def noise(size: tuple[int, int], seed: int) -> HostImage:
    frame = av.VideoFrame(*size, "yuv420p")
    rng = np.random.default_rng(seed)
    for plane in plane_arrays(frame):
        plane[:] = rng.integers(16, 236, plane.shape, np.uint8)
    return HostImage(frame)


def fastest_ms(function: Callable[[], object], tries: int) -> float:
    function()
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return round(1000 * min(times), 3)


if __name__ == "__main__":
    main()

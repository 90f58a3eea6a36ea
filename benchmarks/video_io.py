"""Measure what reading, resizing and writing 1080p video cost.

    python benchmarks/video_io.py CLIP --output benchmarks/results/video_io.json

A 1080p clip is made from the given one in a temporary folder. Every way takes its turn in every
round and the least time of all rounds is kept, because other programs on the machine only ever
add time. Beside the time on the clock stands processor time, summed over threads: what a pipeline
pays that keeps every core busy.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from _machine import write
from av.video.stream import VideoStream

from posestream.images import HostImage, plane_arrays
from posestream.sinks.video import VideoSink
from posestream.sources.file import VideoFileSource
from posestream.types import Frame

SIZE = (1920, 1080)
TICK = Fraction(1, 30)
NETWORK_SIZE = (512, 288)
PRESETS = (("ultrafast", 23), ("superfast", 23), ("veryfast", 23), ("faster", 23))
THREADS = (("NONE", 1), ("SLICE", 2), ("FRAME", 2), ("AUTO", 2), ("AUTO", 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path, help="any video; its first frames are scaled to 1080p")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = scaled(options.clip, Path(folder) / "1080p.mp4", frames=options.frames)
        frames = list(VideoFileSource(clip).frames())
        reading = least(options.rounds, reading_ways(clip), len(frames))
        resizing = least(options.rounds, resizing_ways(frames), len(frames))
        writing = least(options.rounds, writing_ways(frames, Path(folder)), len(frames))
        for name, row in writing.items():
            row |= quality(Path(folder) / f"{name}.mp4", frames)
    figures = {"clip": options.clip.name, "size": list(SIZE), "frames": len(frames)}
    for title, table in (("reading", reading), ("resizing", resizing), ("writing", writing)):
        show(title, table)
        figures[title] = table
    write(figures, options.output)


def scaled(source: Path, target: Path, *, frames: int) -> Path:
    """Make the clip that everything is measured on."""
    with av.open(str(source)) as read, av.open(str(target), "w") as made:
        video = made.add_stream("libx264", rate=30, options={"preset": "medium", "crf": "20"})
        assert isinstance(video, VideoStream)
        video.codec_context.width, video.codec_context.height = SIZE
        video.codec_context.time_base = TICK
        for number, frame in enumerate(read.decode(video=0)):
            if number == frames:
                break
            large = frame.reformat(*SIZE, "yuv420p")
            large.pts, large.time_base, large.pict_type = number, TICK, 0
            made.mux(video.encode(large))
        made.mux(video.encode(None))
    return target


def reading_ways(clip: Path) -> dict[str, Callable[[], None]]:
    def decode(kind: str, count: int) -> None:
        with av.open(str(clip)) as container:
            video = container.streams.video[0]
            video.thread_type, video.codec_context.thread_count = kind, count
            for _ in container.decode(video):
                pass

    def source() -> None:
        opened = VideoFileSource(clip, threads=1)
        for _ in opened.frames():
            pass
        opened.close()

    ways: dict[str, Callable[[], None]] = {
        f"decode, {kind} {count or 'auto'}": lambda kind=kind, count=count: decode(kind, count)
        for kind, count in THREADS
    }
    return {**ways, "VideoFileSource, 1 thread": source}


def resizing_ways(frames: list[Frame]) -> dict[str, Callable[[], None]]:
    images = [frame.image for frame in frames]

    def resize() -> None:
        for image in images:
            image.resized_rgb(*NETWORK_SIZE)

    def copy() -> None:
        for image in images:
            image.yuv420p_copy()

    return {f"resized_rgb {NETWORK_SIZE[0]} x {NETWORK_SIZE[1]}": resize, "yuv420p_copy": copy}


def writing_ways(frames: list[Frame], folder: Path) -> dict[str, Callable[[], None]]:
    def sink(name: str, preset: str, crf: int, threads: int) -> None:
        written = VideoSink(
            folder / f"{name}.mp4",
            frame_rate=1 / TICK,
            preset=preset,
            crf=crf,
            threads=threads,
            overwrite=True,
        )
        for frame in frames:
            written.write(frame)
        written.close()

    def bare(name: str, preset: str, crf: int) -> None:
        with av.open(str(folder / f"{name}.mp4"), "w") as container:
            choices = {"preset": preset, "crf": str(crf)}
            video = container.add_stream("libx264", rate=30, options=choices)
            assert isinstance(video, VideoStream)
            context = video.codec_context
            context.width, context.height = SIZE
            context.thread_count, context.time_base = 1, TICK
            for number, frame in enumerate(frames):
                assert isinstance(frame.image, HostImage)
                picture = frame.image.frame
                picture.pts, picture.time_base, picture.pict_type = number, TICK, 0
                container.mux(video.encode(picture))
            container.mux(video.encode(None))

    ways: dict[str, Callable[[], None]] = {}
    for preset, crf in PRESETS:
        name = f"VideoSink {preset} crf {crf}"
        ways[name] = lambda n=name, p=preset, c=crf: sink(n, p, c, 1)
    preset, crf = PRESETS[1]
    ways["2 threads"] = lambda: sink("2 threads", preset, crf, 2)
    ways["bare encoder"] = lambda: bare("bare encoder", preset, crf)
    return ways


def least(rounds: int, ways: dict[str, Callable[[], None]], frames: int) -> dict[str, dict]:
    """Return the least wall and processor time of each way, ms per frame."""
    table = {name: {"wall_ms": float("inf"), "cpu_ms": float("inf")} for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            wall, cpu = time.perf_counter(), time.process_time()
            way()
            spent = {
                "wall_ms": (time.perf_counter() - wall) / frames * 1e3,
                "cpu_ms": (time.process_time() - cpu) / frames * 1e3,
            }
            table[name] = {key: min(table[name][key], spent[key]) for key in spent}
    return table


def quality(path: Path, frames: list[Frame]) -> dict[str, float]:
    """Return a written file's size per frame and its likeness in luma to what was given."""
    errors = []
    for frame, given in zip(VideoFileSource(path).frames(), frames, strict=True):
        if frame.index % 10 == 0:
            errors.append(np.square(luma(frame) - luma(given)).mean())
    return {
        "kb_per_frame": path.stat().st_size / len(frames) / 1e3,
        "psnr_db": float(10 * np.log10(255**2 / np.mean(errors))),
    }


def luma(frame: Frame) -> np.ndarray:
    assert isinstance(frame.image, HostImage)
    return plane_arrays(frame.image.frame)[0].astype(np.float32)


def show(title: str, table: dict[str, dict]) -> None:
    columns = list(next(iter(table.values())))
    print(f"\n{title:32}" + "".join(f"{column:>14}" for column in columns))
    for name, row in table.items():
        print(f"{name:32}" + "".join(f"{row[column]:14.2f}" for column in columns))


if __name__ == "__main__":
    main()

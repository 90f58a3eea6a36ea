"""What it costs to have the last seconds at hand for clips: CPU per frame, and memory.

    python benchmarks/event_clips.py [--clip VIDEO] [--output benchmarks/results/event_clips.json]

Plays ten seconds of 1080p at 30 frames per second, of a video or of a made-up scene that moves,
through each way to keep them. CPU is of the whole process, all threads, without decoding. What raw
frames and JPEG pictures would take is computed from their sizes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from _machine import write

from posestream.events import FALL, Event
from posestream.images import HostImage
from posestream.sinks.clips.encoder import ClipEncoder
from posestream.sinks.clips.event_clips import EventClips
from posestream.sinks.video import VideoSink
from posestream.topology import COCO_17
from posestream.types import Frame, Poses, Result, Tracks

SIZE, RATE, SECONDS, KEEP_S = (1920, 1080), 30, 10, 6
FRAMES = RATE * SECONDS


def main() -> None:
    parser = argparse.ArgumentParser(description="What clips around events cost.")
    parser.add_argument("--clip", type=Path)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    frames = pictures(arguments.clip)
    figures: dict[str, object] = {"size": SIZE, "rate": RATE, "seconds_kept": KEEP_S}
    figures["ways"] = [
        measured("raw frames", raw_ring, frames),
        measured("JPEG of 1920", lambda frames: jpeg_ring(frames, 1920), frames),
        measured("JPEG of 1280", lambda frames: jpeg_ring(frames, 1280), frames),
        measured("H.264 of 1920", lambda frames: own_encoder(frames, 1920), frames),
        measured("H.264 of 1280", lambda frames: own_encoder(frames, 1280), frames),
        measured("annotated video alone", lambda frames: video(frames, tapped=False), frames),
        measured("annotated video, tapped", lambda frames: video(frames, tapped=True), frames),
    ]
    figures["finish_ms"] = finish_ms(frames)
    print(f"finishing a clip of {SECONDS} s on the writer's thread: {figures['finish_ms']} ms")
    write(figures, arguments.output)


def pictures(clip: Path | None) -> list[Frame]:
    """Return frames of a video, or of a scene in which everything moves a little."""
    shown = decoded(clip) if clip else made_up()
    return [
        Frame("s", number, number, Fraction(1, RATE), HostImage(shown[number % len(shown)]), 0.0)
        for number in range(FRAMES)
    ]


def decoded(clip: Path) -> list[av.VideoFrame]:
    with av.open(str(clip)) as container:
        return [
            frame.reformat(*SIZE, format="yuv420p")
            for _, frame in zip(range(2 * RATE), container.decode(video=0), strict=False)
        ]


def made_up() -> list[av.VideoFrame]:
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (1200, 2100, 3)).astype(np.uint8), (0, 0), 4)
    scene = cv2.normalize(scene, None, 0, 255, cv2.NORM_MINMAX)  # pyright: ignore[reportCallIssue, reportArgumentType]
    made = []
    for number in range(2 * RATE):
        x, y = abs(number - RATE) * 2, number // 2
        view = scene[y : y + 1080, x : x + 1920].copy()
        view[300:800, 20 * number : 20 * number + 250] = (40, 90, 200)
        noise = rng.integers(-3, 4, (*view.shape[:2], 1))
        view = np.clip(view + noise, 0, 255).astype(np.uint8)
        made.append(av.VideoFrame.from_ndarray(view, format="rgb24").reformat(format="yuv420p"))
    return made


def measured(
    name: str, way: Callable[[list[Frame]], float], frames: list[Frame]
) -> dict[str, object]:
    """Time one way to keep frames; it returns the bytes it holds at the end."""
    cpu, wall = time.process_time(), time.perf_counter()
    held = way(frames)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    figures = {
        "way": name,
        "cpu_ms_per_frame": round(1000 * cpu / len(frames), 2),
        "wall_ms_per_frame": round(1000 * wall / len(frames), 2),
        "ring_mb": round(held / 1e6, 1),
    }
    print("  ".join(f"{key} {value}" for key, value in figures.items()))
    return figures


def raw_ring(frames: list[Frame]) -> float:
    for frame in frames:
        frame.image.yuv420p_copy()
    return KEEP_S * RATE * SIZE[0] * SIZE[1] * 1.5


def jpeg_ring(frames: list[Frame], width: int) -> float:
    total = 0
    for frame in frames:
        pixels = frame.image.resized_rgb(width, width * 9 // 16)
        bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        total += len(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 80])[1])
    return total / SECONDS * KEEP_S


def own_encoder(frames: list[Frame], long_side: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        clips = EventClips(Path(folder))
        encoder = ClipEncoder(clips, frame_rate=Fraction(RATE), long_side=long_side)
        for frame in frames:
            encoder.write(frame, result(frame))
        encoder.close()
        return clips.held_bytes


def video(frames: list[Frame], *, tapped: bool) -> float:
    with tempfile.TemporaryDirectory() as folder:
        clips = EventClips(Path(folder))
        sink = VideoSink(
            Path(folder, "v.mp4"), frame_rate=Fraction(RATE), tap=clips if tapped else None
        )
        for frame in frames:
            sink.write(frame)
        sink.close()
        return clips.held_bytes


def finish_ms(frames: list[Frame]) -> float:
    """Time the end of a clip that holds all frames."""
    with tempfile.TemporaryDirectory() as folder:
        clips = EventClips(Path(folder), before_s=0, after_s=SECONDS)
        encoder = ClipEncoder(clips, frame_rate=Fraction(RATE))
        clips.write(result(frames[0], happens=True))
        for frame in frames:
            encoder.write(frame, result(frame))
        start = time.perf_counter()
        encoder.close()
        return round(1000 * (time.perf_counter() - start), 1)


def result(frame: Frame, *, happens: bool = False) -> Result:
    fall = Event(stream="s", kind=FALL, pts_s=frame.pts_s, wall_s=0.0, track=0)
    nobody = Tracks.untracked(Poses.empty(17))
    return Result(
        "s", frame.index, frame.pts_s, 0.0, SIZE, nobody, COCO_17, events=(fall,) * happens
    )


if __name__ == "__main__":
    main()

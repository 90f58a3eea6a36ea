"""The main job on a 1080p video against its own ideal and against a plain OpenCV loop.

    python benchmarks/end_to_end.py --clip VIDEO [--profile balanced] [--seconds 30] [--output FILE]

The clip is scaled to 1080p H.264, 30 frames per second, and repeated to the wanted length. Three
figures come from one run, taking turns: `posestream.run` with video and data out; the ideal, which
is every stage measured alone on one thread and divided over the cores; and the loop people write
first: cv2.VideoCapture, the network in ONNX Runtime, cv2 drawing, cv2.VideoWriter. The loop is run
twice: with exactly the profile's passes, and with one pass at the network's usual size.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from _machine import write

import posestream
from posestream.assembly import build_annotator, build_estimator
from posestream.config import EstimatorConfig, estimator_config, load_config
from posestream.config_outputs import OverlayConfig
from posestream.decoding.centers import CenterDecoder
from posestream.estimation import Estimator
from posestream.estimation.passes import BackendPass
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.images import HostImage
from posestream.inference.loading import load_backend
from posestream.models.registry import find_model
from posestream.sinks.jsonl import JsonLinesSink
from posestream.sinks.video import VideoSink
from posestream.sources.file import VideoFileSource
from posestream.types import Frame, Result, Tracks

RATE = 30
SAMPLE = 90
ROUNDS = 2


def make_video(clip: Path, seconds: float, target: Path) -> None:
    """Scale a clip to 1080p and repeat it to a length."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as sink:
        pictures = [
            frame.reformat(width=1920, height=1080, format="yuv420p")
            for _, frame in zip(range(300), source.decode(video=0), strict=False)
        ]
        stream = sink.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.bit_rate = 4_000_000
        for index in range(round(seconds * RATE)):
            turn, place = divmod(index, len(pictures))
            picture = pictures[place if turn % 2 == 0 else -1 - place]
            picture.pts, picture.time_base = index, Fraction(1, RATE)
            sink.mux(stream.encode(picture))
        sink.mux(stream.encode(None))


def mean_s(action: Callable[[Frame], object], frames: list[Frame]) -> float:
    """Return the mean time of an action over frames, after one to warm up."""
    action(frames[0])
    start = time.perf_counter()
    for frame in frames:
        action(frame)
    return (time.perf_counter() - start) / len(frames)


def decoded(source: VideoFileSource) -> Iterator[Frame]:
    """Yield a sample of a source's frames, each detached from the decoder's buffers."""
    for _, frame in zip(range(SAMPLE), source.frames(), strict=False):
        yield frame


def stage_costs(video: Path, profile: str, precision: str, folder: Path) -> dict[str, float]:
    """Measure every stage alone on one thread, seconds per frame."""
    start = time.perf_counter()
    frames = list(decoded(VideoFileSource(video, threads=1)))
    decode = (time.perf_counter() - start) / len(frames)
    estimator = build_estimator(
        estimator_config({"profile": profile, "precision": precision, "threads": 1})
    )
    annotator = build_annotator(OverlayConfig(), estimator.topology)
    found = {frame.index: estimator.estimate([frame.image])[0] for frame in frames}

    def result(frame: Frame) -> Result:
        return Result(
            stream=frame.stream,
            frame=frame.index,
            pts_s=frame.pts_s,
            wall_s=frame.wall_s,
            size=frame.image.size,
            tracks=Tracks.untracked(found[frame.index]),
            topology=estimator.topology,
        )

    data = JsonLinesSink(folder / "stage.jsonl", overwrite=True)
    costs = {
        "read": decode,
        "estimate": mean_s(lambda frame: estimator.estimate([frame.image]), frames),
        "draw": mean_s(lambda frame: annotator.draw(frame.image, result(frame)), frames),
        "write data": mean_s(lambda frame: data.write(result(frame)), frames),
    }
    data.close()
    sink = VideoSink(folder / "stage.mp4", frame_rate=None, threads=1, overwrite=True)
    start = time.perf_counter()
    for frame in frames:
        sink.write(frame)
    sink.close()
    costs["write frames"] = (time.perf_counter() - start) / len(frames)
    return costs


def posestream_fps(
    video: Path, profile: str, precision: str, folder: Path, end: float | None = None
) -> float:
    """Run the main job and return its frames per second."""
    given = {"input": str(video), "output": folder / "out", "end": end}
    given |= {"profile": profile, "precision": precision}
    return posestream.run(load_config(None, {**given, "overwrite": True})).fps


def opencv_fps(video: Path, estimator: Estimator, target: Path) -> float:
    """Run the plain loop and return its frames per second."""
    limbs, names = estimator.topology.limbs, estimator.topology.keypoints
    capture = cv2.VideoCapture(str(video))
    size = (int(capture.get(3)), int(capture.get(4)))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), RATE, size)
    start, count = time.perf_counter(), 0
    with target.with_suffix(".jsonl").open("w") as lines:
        while True:
            more, bgr = capture.read()
            if not more:
                break
            rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
            [poses] = estimator.estimate([HostImage.from_rgb(rgb)])
            people = []
            for points, scores in zip(
                poses.keypoints.tolist(), poses.keypoint_scores.tolist(), strict=True
            ):
                people.append(dict(zip(names, points, strict=True)))
                for a, b in limbs:
                    if scores[a] > 0.3 and scores[b] > 0.3:
                        start_point, end_point = (
                            (int(points[k][0]), int(points[k][1])) for k in (a, b)
                        )
                        cv2.line(bgr, start_point, end_point, (0, 255, 0), 4, cv2.LINE_AA)
            lines.write(json.dumps({"frame": count, "people": people}) + "\n")
            writer.write(bgr)
            count += 1
    writer.release()
    return count / (time.perf_counter() - start)


def same_passes(profile: str) -> Estimator:
    """Return the profile itself, in ONNX Runtime, all cores on one picture."""
    return build_estimator(EstimatorConfig(profile=profile, backend="onnxruntime"))  # type: ignore[arg-type]


def one_pass() -> Estimator:
    """Return one pass of the network at the size on its card, in ONNX Runtime."""
    card = find_model("movenet-multipose")
    backend = load_backend(card, backend="onnxruntime")
    decoder = CenterDecoder(card.topology, stride=card.stride)
    network = BackendPass(backend, decoder)
    return SinglePassEstimator(network, card.topology, rule=card.input.rule())


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the main job on a 1080p video.")
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--precision", default="auto", help="ours; the loop always runs in f32")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder, profile, precision = Path(name), arguments.profile, arguments.precision
        video = folder / "video.mp4"
        make_video(arguments.clip, arguments.seconds, video)
        loops = {"same_passes": same_passes(profile), "one_pass": one_pass()}
        posestream_fps(video, profile, precision, folder, end=1)
        rounds = []
        for _ in range(ROUNDS):
            costs = stage_costs(video, profile, precision, folder)
            ours = posestream_fps(video, profile, precision, folder)
            plain = {n: opencv_fps(video, e, folder / "plain.mp4") for n, e in loops.items()}
            rounds.append((costs, ours, plain))
    costs = {stage: min(one[0][stage] for one in rounds) for stage in rounds[0][0]}
    ours = max(one[1] for one in rounds)
    plain = {name: max(one[2][name] for one in rounds) for name in loops}
    ideal = cores / sum(costs.values())
    figures: dict[str, object] = {
        "profile": profile,
        "precision": precision,
        "cores": cores,
        "stage_ms": {stage: round(1e3 * cost, 2) for stage, cost in costs.items()},
        "ideal_fps": round(ideal, 2),
        "posestream_fps": round(ours, 2),
        "opencv_loop_fps": {name: round(fps, 2) for name, fps in plain.items()},
        "share_of_ideal": round(ours / ideal, 3),
        "times_opencv_loop": {name: round(ours / fps, 2) for name, fps in plain.items()},
        "rounds": [{"ideal": cores / sum(c.values()), "posestream": o, **p} for c, o, p in rounds],
    }
    print(json.dumps(figures, indent=2))
    write(figures, arguments.output)


if __name__ == "__main__":
    main()

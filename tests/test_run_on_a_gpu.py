"""``posestream run --device cuda`` on a real GPU, against what the CPU does."""

import itertools
import json
import logging
import random
from pathlib import Path

import av
import numpy as np
import pytest

import clips
from posestream import PoseEstimator
from posestream.config import load_config
from posestream.demo.clip import make_demo_clip
from posestream.gpu.choosing import GpuDecoding
from posestream.gpu.cuda_image import CudaImage
from posestream.images import HostImage
from posestream.pipeline import run
from posestream.sources.file import VideoFileSource
from posestream.sources.looped import LoopedSource
from posestream.topology import COCO_17
from posestream.types import Frame

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of people on the move, 1280 x 720."""
    folder = tmp_path_factory.mktemp("clip")
    return make_demo_clip(folder / "people.mp4", seconds=2.0, size=(1280, 720))


def settings(inputs: list[Path], output: Path, **given):
    return load_config(None, {"input": [str(one) for one in inputs], "output": output, **given})


def rows(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / "poses.jsonl").read_text().splitlines()]


def points(person: dict) -> np.ndarray:
    missing = [np.nan] * 3
    return np.array([person["keypoints"].get(name, missing) for name in COCO_17.keypoints])


def likeness(ours: dict, theirs: dict) -> float:
    left, top, right, bottom = theirs["box"]
    area = (right - left) * (bottom - top) * 0.53  # a person in a box, as in COCO
    squares = np.square(points(ours)[:, :2] - points(theirs)[:, :2]).sum(axis=1)
    return float(np.nanmean(np.exp(-squares / (8 * area * np.square(COCO_17.sigmas)))))


def test_a_run_on_the_gpu_finds_whom_one_on_the_cpu_finds(clip: Path, tmp_path: Path):
    gpu = run(settings([clip], tmp_path / "gpu", device="cuda", track=False))
    cpu = {"backend": "onnxruntime", "precision": "f32", "track": False}
    run(settings([clip], tmp_path / "cpu", **cpu))
    assert "video decoded by the GPU's own decoder (cuda:0)" in gpu.estimator
    found = []
    for ours, theirs in zip(rows(tmp_path / "gpu"), rows(tmp_path / "cpu"), strict=True):
        assert ours["pts_s"] == theirs["pts_s"]
        found += [
            max((likeness(one, person) for one in ours["people"]), default=0.0)
            for person in theirs["people"]
            if person["score"] > 0.35
        ]
    assert len(found) > 60
    assert np.mean(found) > 0.99, f"least {min(found):.4f}"
    times = []
    for folder in ("gpu", "cpu"):
        with av.open(str(tmp_path / folder / "Pose_Estimation.mp4")) as file:
            times.append([frame.time for frame in file.decode(video=0)])
    assert times[0] == times[1]


def read(path: Path, **settings: float) -> list[Frame]:
    source = VideoFileSource(path, open_pictures=GpuDecoding(), **settings)
    try:
        return list(source.frames())
    finally:
        source.close()


def numbers(frames: list[Frame]) -> list[int]:
    return [clips.number_in(frame.image.yuv420p_copy().rgb()) for frame in frames]


@pytest.mark.parametrize(
    ("suffix", "codec", "options"),
    [
        ("mp4", "libx264", {}),
        ("ts", "libx264", {"bf": "0"}),
        ("h264", "libx264", {}),
        ("mkv", "libx264", {"x264-params": "interlaced=1"}),
        ("mp4", "libx265", {"x265-params": "log-level=none"}),
        ("ts", "libx265", {"x265-params": "log-level=none"}),
        ("webm", "libvpx-vp9", {}),
        ("webm", "libvpx", {}),
        ("mp4", "libsvtav1", {}),
        ("mpg", "mpeg2video", {}),
        ("avi", "mpeg4", {}),
        ("mp4", "mpeg4", {}),
    ],
)
def test_every_codec_gives_every_frame_at_its_time(
    tmp_path: Path, suffix: str, codec: str, options: dict[str, str]
):
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    size = (320, 240)
    path = clips.record(
        tmp_path / f"c.{suffix}", codec=codec, frames=40, size=size, options={"g": "10", **options}
    )
    frames = read(path)
    assert numbers(frames) == list(range(40))
    assert [frame.pts for frame in frames] == [
        frame.pts for frame in VideoFileSource(path).frames()
    ]


def test_start_and_end_are_exact(tmp_path: Path):
    path = clips.record(tmp_path / "c.mp4", frames=100, options={"g": "30"})
    assert numbers(read(path, start_s=1.0, end_s=2.0)) == list(range(25, 50))


def test_ten_bits_and_rotated_videos_run_beside_others(
    clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    deep = clips.record(tmp_path / "deep.mkv", codec="ffv1", pixel_format="yuv420p10le")
    phone = clips.set_display_matrix(clips.record(tmp_path / "phone.mp4"), clips.QUARTER)
    summary = run(settings([clip, deep, phone], tmp_path / "o", device="cuda", video=False))
    assert not summary.failed
    assert {s.name: s.frames for s in summary.streams}.items() >= {("deep", 30), ("phone", 30)}
    assert "deep: decoded on the CPU" in caplog.text
    assert "phone: decoded on the CPU: it is to be turned" in caplog.text


def test_a_resolution_that_changes_midway_is_kept(tmp_path: Path):
    small = clips.record(tmp_path / "small.ts", size=(160, 128), frames=10)
    large = clips.record(tmp_path / "large.ts", frames=10)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    frames = read(joined)
    assert [frame.image.size for frame in frames] == [(160, 128)] * 10 + [(320, 240)] * 10
    assert {type(frame.image) for frame in frames} == {CudaImage}
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv"])
def test_a_damaged_file_is_read_to_its_end(tmp_path: Path, suffix: str):
    path = clips.record(tmp_path / f"c.{suffix}", frames=100, options={"g": "10", "crf": "15"})
    data, chance = bytearray(path.read_bytes()), random.Random(0)
    for _ in range(60):
        data[chance.randrange(int(len(data) * 0.3), int(len(data) * 0.5))] ^= 0x55
    path.write_bytes(data)
    frames = read(path)
    assert len(frames) > 50
    assert numbers(frames[-1:]) == [99]
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))


def test_a_cut_off_file_ends_with_what_was_there(tmp_path: Path):
    whole = clips.record(tmp_path / "whole.ts", frames=100)
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.6)])
    found = numbers(read(cut))
    assert 20 < len(found) < 100
    assert found[:20] == list(range(20))


def test_a_stream_that_ends_and_comes_back_goes_on(tmp_path: Path):
    path = clips.record(tmp_path / "c.mp4", frames=10)
    decoding = GpuDecoding()
    source = LoopedSource(lambda: VideoFileSource(path, open_pictures=decoding))
    frames = list(itertools.islice(source.frames(), 25))
    source.close()
    assert numbers(frames) == [*range(10), *range(10), *range(5)]


def test_pictures_of_main_memory_are_sent_to_the_gpu(clip: Path):
    with av.open(str(clip)) as file:
        image = HostImage(next(file.decode(video=0)))
    ours = PoseEstimator(device="cuda").predict(image.rgb())
    theirs = PoseEstimator(backend="onnxruntime", precision="f32").predict(image.rgb())
    sure = theirs.scores > 0.35
    assert sure.any()
    off = np.abs(ours.boxes[:, None] - theirs.boxes[sure]).max(axis=2)
    assert off.min(axis=0).max() < 20

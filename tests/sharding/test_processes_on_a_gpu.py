"""Runs in several processes on a real GPU."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from posestream.config import load_config
from posestream.pipeline import RunSummary, run

pytestmark = pytest.mark.gpu


def run_in(processes: int, clip: Path, folder: Path, **given) -> RunSummary:
    config = {
        "input": [str(clip)] * 4,
        "output": folder,
        "device": "cuda",
        "profile": "fast",
        "processes": processes,
        **given,
    }
    return run(load_config(None, config))


def people(folder: Path, name: str) -> list[int]:
    rows = (folder / f"{name}.poses.jsonl").read_text().splitlines()
    return [len(json.loads(row)["people"]) for row in rows]


def frames(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_two_processes_find_on_one_gpu_what_one_finds(demo_clip: Path, tmp_path: Path):
    one = run_in(1, demo_clip, tmp_path / "one")
    two = run_in(2, demo_clip, tmp_path / "two")
    assert [(s.name, s.state, s.frames) for s in two.streams] == [
        (s.name, s.state, s.frames) for s in one.streams
    ]
    assert "in 2 processes" in two.estimator
    for stream in one.streams:
        counts = [people(tmp_path / folder, stream.name) for folder in ("one", "two")]
        assert np.mean(np.abs(np.subtract(*counts))) < 0.1
    videos = [tmp_path / folder / "Pose_Estimation.mp4" for folder in ("one", "two")]
    assert frames(videos[0]) == frames(videos[1]) > 0


def test_a_run_on_every_gpu_has_a_process_for_each(demo_clip: Path, tmp_path: Path):
    torch = pytest.importorskip("torch")
    count = torch.cuda.device_count()
    if count < 2:
        pytest.skip("needs two GPUs")
    summary = run_in("auto", demo_clip, tmp_path, device="cuda:all", mosaic=False)  # type: ignore[arg-type]
    assert f"in {min(count, 4)} processes" in summary.estimator
    assert not summary.failed

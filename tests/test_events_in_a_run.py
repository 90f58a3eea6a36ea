"""Somebody falls in a real clip, and everybody who should hears of it."""

import json
from pathlib import Path

import av
import pytest

from posestream.config import load_config
from posestream.pipeline import run

FALL_S = 41 / 18
"""When the fall of the clip begins by its label, in the file's own time."""


@pytest.fixture(scope="module")
def fall(shared: Path) -> Path:
    return shared / "data/clips/upfall/Activity1_Subject1_Trial1Cam1.mp4"


def run_on(clip: Path, output: Path, **given):
    config = {"input": str(clip), "output": output, "profile": "fast", "falls": True, **given}
    return run(load_config(None, config))


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def duration_s(video: Path) -> float:
    with av.open(str(video)) as container:
        frames = [frame.time for frame in container.decode(video=0)]
    return frames[-1] - frames[0]


def test_a_fall_is_written_down_and_cut_out(fall: Path, tmp_path: Path):
    summary = run_on(fall, tmp_path, clips=True, clip_before=1, clip_after=2, interval=2)
    [event] = lines(tmp_path / "events.jsonl")
    assert event["event"] == "fall"
    assert 0 < event["pts_s"] - FALL_S < 2
    assert event["evidence"]["drop_statures"] > 0.3
    assert tmp_path / "events.jsonl" in summary.outputs
    [told] = [row for row in lines(tmp_path / "poses.jsonl") if "events" in row]
    assert told["pts_s"] == event["pts_s"]
    [clip] = (tmp_path / "clips").glob("*.mp4")
    assert 2.5 < duration_s(clip) < 8
    [beside] = (tmp_path / "clips").glob("*.json")
    assert event["event"] in beside.read_text()


def test_clips_need_no_video_of_the_whole(fall: Path, tmp_path: Path):
    run_on(fall, tmp_path, clips=True, clip_after=1, clip_blur_faces=True, video=False, end=6)
    assert not (tmp_path / "Pose_Estimation.mp4").exists()
    [clip] = (tmp_path / "clips").glob("*.mp4")
    assert duration_s(clip) > 2


def test_nothing_of_events_is_written_where_none_can_happen(demo_clip: Path, tmp_path: Path):
    run_on(demo_clip, tmp_path, falls=False, track=True, clips=True, video=False, end=0.2)
    assert {path.name for path in tmp_path.iterdir()} == {"poses.jsonl"}


def test_what_exists_is_not_replaced(demo_clip: Path, tmp_path: Path):
    (tmp_path / "events.jsonl").write_text("mine")
    with pytest.raises(FileExistsError, match=r"events\.jsonl"):
        run_on(demo_clip, tmp_path, video=False)
    assert (tmp_path / "events.jsonl").read_text() == "mine"

"""Runs of many streams, from real sources to files that play."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import av
import pytest

from live_servers import rtsp_server
from posestream.config import load_config
from posestream.errors import ConfigError, OutputExistsError
from posestream.pipeline import run
from posestream.runtime.status import StreamState, StreamStatus
from posestream.runtime.stopping import StopFlag
from posestream.sources.watermark import read_watermark, stream_mark


def settings(output: Path, **given):
    return load_config(None, {"output": output, "profile": "fast", **given})


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def pictures(video: Path) -> list:
    with av.open(str(video)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def times_s(video: Path) -> list[float]:
    with av.open(str(video)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def when(condition, stop: StopFlag, *, timeout_s: float = 60.0):
    """Request a stop once a condition of the streams holds, or after a while."""
    deadline_s = time.monotonic() + timeout_s

    def look(streams: Sequence[StreamStatus]) -> None:
        if condition({stream.name: stream for stream in streams}) or time.monotonic() > deadline_s:
            stop.request()

    return look


def test_each_stream_has_its_files_and_all_have_one_video(demo_clip: Path, tmp_path: Path):
    summary = run(settings(tmp_path, input=[str(demo_clip), "fake:160x120@30?frames=20"], end=0.5))
    assert {path.name for path in tmp_path.iterdir()} == {
        *("people.mp4", "people.poses.jsonl", "fake.mp4", "fake.poses.jsonl"),
        "Pose_Estimation.mp4",
    }
    assert set(summary.outputs) == set(tmp_path.iterdir())
    assert [row["frame"] for row in rows(tmp_path / "people.poses.jsonl")] == list(range(15))
    assert len(pictures(tmp_path / "people.mp4")) == 15
    assert len(pictures(tmp_path / "fake.mp4")) == 20
    mosaic = pictures(tmp_path / "Pose_Estimation.mp4")
    assert mosaic[0].shape == (1080, 1920, 3)
    assert len(mosaic) == 20
    assert [stream.frames for stream in summary.streams] == [15, 20]


def test_the_mosaic_may_be_the_only_video(demo_clip: Path, tmp_path: Path):
    inputs = [str(demo_clip), "fake:160x120@30?frames=20"]
    summary = run(settings(tmp_path / "many", input=inputs, end=0.5, stream_videos=False))
    written = {"people.poses.jsonl", "fake.poses.jsonl", "Pose_Estimation.mp4"}
    assert {path.name for path in (tmp_path / "many").iterdir()} == written
    assert set(summary.outputs) == set((tmp_path / "many").iterdir())
    assert len(pictures(tmp_path / "many" / "Pose_Estimation.mp4")) == 20
    run(settings(tmp_path / "one", input=inputs[:1], end=0.2, stream_videos=False))
    assert (tmp_path / "one" / "Pose_Estimation.mp4").exists()


def test_no_stream_ever_gets_a_frame_of_another_under_load(tmp_path: Path):
    inputs = {
        f"camera{i}": f"fake:{160 + 32 * (i % 3)}x120@{10 + 5 * i}?frames=40" for i in range(6)
    }
    run(settings(tmp_path, streams=inputs, threads=4, batch=3, mosaic=False))
    for name in inputs:
        marks = [read_watermark(picture) for picture in pictures(tmp_path / f"{name}.mp4")]
        assert marks == [(stream_mark(name), index) for index in range(40)]
        assert {row["stream"] for row in rows(tmp_path / f"{name}.poses.jsonl")} == {name}


def test_a_broken_stream_stops_no_other_and_is_told_of(tmp_path: Path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 5000)
    inputs = [str(broken), "fake:160x120@30?frames=10&fail_after=4", "fake:160x120@30?frames=10"]
    summary = run(settings(tmp_path / "out", input=inputs))
    assert [stream.frames for stream in summary.streams] == [0, 4, 10]
    assert [stream.state.value for stream in summary.streams] == ["failed", "failed", "ended"]
    assert [stream.name for stream in summary.failed] == ["broken", "fake"]
    assert len(pictures(tmp_path / "out" / "fake.mp4")) == 4
    assert len(pictures(tmp_path / "out" / "Pose_Estimation.mp4")) == 10


def test_what_exists_is_refused_before_any_work(tmp_path: Path):
    inputs = ["fake:64x64@30?frames=2", "fake:64x64@30?frames=2"]
    (tmp_path / "Pose_Estimation.mp4").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"Pose_Estimation\.mp4: exists"):
        run(settings(tmp_path, input=inputs))
    (tmp_path / "Pose_Estimation.mp4").unlink()
    (tmp_path / "fake-2.poses.jsonl").write_text("mine")
    with pytest.raises(OutputExistsError, match=r"fake-2\.poses\.jsonl: exists"):
        run(settings(tmp_path, input=inputs))
    assert (tmp_path / "fake-2.poses.jsonl").read_text() == "mine"


def test_an_output_never_replaces_an_input(tmp_path: Path, demo_clip: Path):
    clip = tmp_path / "people.mp4"
    clip.write_bytes(demo_clip.read_bytes())
    with pytest.raises(ConfigError, match="would replace the input itself"):
        run(settings(tmp_path, input=[str(clip), "fake:?frames=2"], overwrite=True))
    assert clip.read_bytes() == demo_clip.read_bytes()


def test_photographs_and_videos_go_side_by_side(tmp_path: Path, demo_clip: Path):
    import cv2
    import numpy as np

    (tmp_path / "photos").mkdir()
    for i in range(3):
        cv2.imwrite(str(tmp_path / "photos" / f"{i}.png"), np.full((40, 60, 3), 80, np.uint8))
    output = tmp_path / "out"
    run(settings(output, input=[str(tmp_path / "photos"), str(demo_clip)], end=None))
    assert sorted(path.name for path in (output / "photos").iterdir()) == [
        "0.png",
        "1.png",
        "2.png",
    ]
    assert len(pictures(output / "people.mp4")) == 30


def test_live_streams_say_when_their_frames_were_read(tmp_path: Path):
    before_s = time.time()
    run(settings(tmp_path, input="fake:160x120@20?frames=10&realtime=1", video=False))
    times = [row["wall_s"] for row in rows(tmp_path / "poses.jsonl")]
    assert times == sorted(times)
    assert before_s < times[0] < times[-1] < time.time()


def test_a_camera_that_goes_away_and_comes_back_goes_on_in_the_same_files(tmp_path: Path):
    stop, killed = StopFlag(), []
    with rtsp_server() as server:

        def script(streams: dict[str, StreamStatus]) -> bool:
            camera = streams["door"]
            if camera.frames > 10 and not killed:
                server.kill()
                killed.append(camera.frames)
            elif killed and camera.state is StreamState.RETRYING and len(killed) == 1:
                server.start()
                killed.append(camera.frames)
            return len(killed) == 2 and camera.frames > killed[1] + 60

        inputs = {"door": server.address, "other": "fake:160x120@10?realtime=1"}
        summary = run(settings(tmp_path, streams=inputs), stop=stop, on_status=when(script, stop))
    door, other = summary.streams
    assert door.reconnects >= 1
    assert (door.state, other.state) == (StreamState.STOPPED, StreamState.STOPPED)
    found = rows(tmp_path / "door.poses.jsonl")
    assert len(found) == len(pictures(tmp_path / "door.mp4")) == door.frames > 20
    times = [row["pts_s"] for row in found]
    assert times == sorted(set(times))
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert 0.2 < max(gaps) < 30
    assert other.reconnects == 0
    mosaic = times_s(tmp_path / "Pose_Estimation.mp4")
    assert len(mosaic) > 20
    assert mosaic[-1] - mosaic[0] > max(gaps)


def test_a_camera_that_is_not_there_is_given_up_after_as_many_retries_as_allowed(tmp_path: Path):
    inputs = {"gone": "rtsp://user:secret@127.0.0.1:1/live", "fine": "fake:160x120@20?frames=30"}
    summary = run(settings(tmp_path, streams=inputs, max_retries=1))
    gone, fine = summary.streams
    assert (gone.state, gone.frames, fine.frames) == (StreamState.FAILED, 0, 30)
    assert "refused" in (gone.error or "")
    assert "secret" not in json.dumps(gone.to_dict())


def test_sigterm_finishes_every_file(tmp_path: Path):
    command = [sys.executable, "-m", "posestream", "run", "--output", str(tmp_path), "-p", "fast"]
    inputs = ["fake:320x240@20?realtime=1"] * 4 + ["fake:320x240@20"] * 4
    child = subprocess.Popen([*command, *inputs, "--quiet"])
    deadline_s = time.monotonic() + 60
    data = [tmp_path / f"fake{ending}.poses.jsonl" for ending in ("", "-8")]
    while time.monotonic() < deadline_s:
        if all(path.exists() and path.stat().st_size > 2000 for path in data):
            break
        time.sleep(0.1)
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 128 + signal.SIGTERM
    videos = sorted(tmp_path.glob("fake*.mp4"))
    assert len(videos) == 8
    for video in videos:
        lines = rows(video.with_suffix(".poses.jsonl"))
        assert len(pictures(video)) == len(lines) > 0
    assert pictures(tmp_path / "Pose_Estimation.mp4")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_passwords_on_the_command_line_are_hidden_from_the_list_of_processes(tmp_path: Path):
    address = "rtsp://admin:hunter2@127.0.0.1:1/live"
    command = [sys.executable, "-m", "posestream", "run", address, "-o", str(tmp_path / "out")]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ | {"COLUMNS": "200"})
    assert child.stderr is not None
    said = child.stderr.readline()
    title = Path(f"/proc/{child.pid}/cmdline").read_bytes()
    child.send_signal(signal.SIGTERM)
    said += child.communicate(timeout=30)[1]
    assert b"hunter2" not in title
    assert b"***@127.0.0.1" in title
    assert b"hunter2" not in said
    assert b"refused" in said

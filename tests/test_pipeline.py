import json
from collections.abc import Sequence
from pathlib import Path

import av
import pytest

from posestream.config import load_config
from posestream.errors import ConfigError, OutputExistsError, SinkError, UnknownModelError
from posestream.pipeline import run
from posestream.runtime.status import StreamState, StreamStatus
from posestream.runtime.stopping import StopFlag


def settings(clip: Path, output: Path, **given):
    base = {"input": str(clip), "output": output, "profile": "fast"}
    return load_config(None, {**base, **given})


def lines(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / "poses.jsonl").read_text().splitlines()]


def times(video: Path) -> list[float]:
    with av.open(str(video)) as container:
        return [frame.time for frame in container.decode(video=0)]


def test_a_video_becomes_a_video_and_a_line_per_frame(demo_clip: Path, tmp_path: Path):
    summary = run(settings(demo_clip, tmp_path))
    assert times(tmp_path / "Pose_Estimation.mp4") == times(demo_clip)
    rows = lines(tmp_path)
    assert [row["frame"] for row in rows] == list(range(30))
    assert [row["pts_s"] for row in rows] == pytest.approx(times(demo_clip), abs=1e-5)
    assert all(row["size"] == [320, 180] for row in rows)
    assert summary.frames == summary.inferred == 30
    assert summary.people == sum(len(row["people"]) for row in rows) > 30
    assert {"read", "estimate", "draw", "write data", "write frames"} <= summary.stages.keys()
    assert set(summary.outputs) == {tmp_path / "Pose_Estimation.mp4", tmp_path / "poses.jsonl"}
    assert not summary.stopped


def test_what_a_stream_does_is_told_while_it_runs_and_at_the_end(demo_clip: Path, tmp_path: Path):
    told: list[StreamStatus] = []
    run(
        settings(demo_clip, tmp_path, video=False, end=0.2),
        on_status=lambda all_: told.extend(all_),
    )
    counts = [status.frames for status in told]
    assert counts == sorted(counts)
    assert (told[-1].frames, told[-1].state) == (6, StreamState.ENDED)
    assert {status.expected for status in told if status.frames} == {6}


def test_a_requested_stop_finishes_every_file(demo_clip: Path, tmp_path: Path):
    stop = StopFlag()

    def after_five(streams: Sequence[StreamStatus]) -> None:
        if streams[0].frames >= 5:
            stop.request()

    summary = run(settings(demo_clip, tmp_path, loop=True), stop=stop, on_status=after_five)
    assert summary.stopped
    assert summary.frames >= 5
    assert len(times(tmp_path / "Pose_Estimation.mp4")) == len(lines(tmp_path)) == summary.frames


def test_every_data_format_is_written_side_by_side(demo_clip: Path, tmp_path: Path):
    formats = ("jsonl", "openpose", "coco", "csv", "parquet")
    run(settings(demo_clip, tmp_path, formats=formats, video=False, end=0.2))
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"poses.jsonl", "openpose", "poses.coco.json", "poses.csv"}
    assert "Pose_Estimation.mp4" not in names


def test_a_part_of_a_video_is_chosen_by_time(demo_clip: Path, tmp_path: Path):
    run(settings(demo_clip, tmp_path, start=0.3, end=0.6))
    wanted = [time for time in times(demo_clip) if 0.3 <= time < 0.6]
    assert [row["pts_s"] for row in lines(tmp_path)] == pytest.approx(wanted, abs=1e-5)
    assert len(times(tmp_path / "Pose_Estimation.mp4")) == len(wanted)


def test_photographs_become_photographs(demo_clip: Path, tmp_path: Path):
    photos, output = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    with av.open(str(demo_clip)) as container:
        for place, frame in zip(range(3), container.decode(video=0), strict=False):
            _save(frame, photos / f"shot{place}.png")
    summary = run(settings(photos, output))
    assert {path.name for path in output.glob("*.png")} == {f"shot{i}.png" for i in range(3)}
    assert [row["file"] for row in lines(output)] == [f"shot{i}.png" for i in range(3)]
    assert summary.frames == 3


def _save(frame: av.VideoFrame, path: Path) -> None:
    import cv2

    cv2.imwrite(str(path), frame.to_ndarray(format="bgr24"))


def test_annotated_photographs_never_replace_the_originals(tmp_path: Path, demo_clip: Path):
    with av.open(str(demo_clip)) as container:
        _save(next(container.decode(video=0)), tmp_path / "shot.png")
    before = (tmp_path / "shot.png").read_bytes()
    with pytest.raises(ConfigError, match=r"output: .* holds the input"):
        run(settings(tmp_path, tmp_path, overwrite=True))
    assert (tmp_path / "shot.png").read_bytes() == before


def test_a_video_is_never_written_over_itself(tmp_path: Path, demo_clip: Path):
    video = tmp_path / "Pose_Estimation.mp4"
    video.write_bytes(demo_clip.read_bytes())
    with pytest.raises(ConfigError, match=r"output: .* the input itself"):
        run(settings(video, tmp_path, overwrite=True))
    assert video.read_bytes() == demo_clip.read_bytes()


def test_existing_output_is_refused_before_any_work(demo_clip: Path, tmp_path: Path):
    (tmp_path / "poses.jsonl").write_text("precious\n")
    with pytest.raises(OutputExistsError, match=r"poses.jsonl: exists"):
        run(settings(demo_clip, tmp_path))
    assert (tmp_path / "poses.jsonl").read_text() == "precious\n"
    assert not (tmp_path / "Pose_Estimation.mp4").exists()


def test_an_unknown_model_leaves_no_files_behind(demo_clip: Path, tmp_path: Path):
    with pytest.raises(UnknownModelError, match="Did you mean 'movenet-multipose'"):
        run(settings(demo_clip, tmp_path / "out", model="movenet-multiposse"))
    assert not (tmp_path / "out").exists()


def test_a_file_where_the_folder_should_be_is_named(demo_clip: Path, tmp_path: Path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SinkError, match="out"):
        run(settings(demo_clip, tmp_path / "out"))

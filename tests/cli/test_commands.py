"""The command line as a stranger meets it: a process, its exit code and what it prints."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}


def posestream(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "posestream", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, **options)


def frame_count(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_run_makes_a_video_and_data_and_says_what_it_did(demo_clip: Path, tmp_path: Path):
    done = posestream("run", demo_clip, "--output", tmp_path, "--profile", "fast")
    assert done.returncode == 0, done.stderr
    assert frame_count(tmp_path / "Pose_Estimation.mp4") == 30
    assert len((tmp_path / "poses.jsonl").read_text().splitlines()) == 30
    for word in ("frames", "people", "estimate", "OpenVINO", "Pose_Estimation.mp4", "poses.jsonl"):
        assert word in done.stderr
    assert done.stdout == ""


def test_quiet_says_nothing(demo_clip: Path, tmp_path: Path):
    done = posestream("run", demo_clip, "-o", tmp_path, "-p", "fast", "--end", 0.1, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_log_json_prints_json_lines_only(demo_clip: Path, tmp_path: Path):
    done = posestream("run", demo_clip, "-o", tmp_path, "-p", "fast", "--end", 0.1, "--log-json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert events[-1]["event"] == "summary"
    assert events[-1]["frames"] == 3
    assert events[-1]["outputs"][0].endswith("Pose_Estimation.mp4")


def test_a_settings_file_works_and_the_command_line_wins(demo_clip: Path, tmp_path: Path):
    file = tmp_path / "run.yaml"
    file.write_text("profile: fast\nvideo: false\nend: 0.5\nformats: [csv]\n")
    done = posestream("run", demo_clip, "-o", tmp_path / "out", "-c", file, "--end", 0.1, "-q")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["poses.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nothing.mp4", "-o", "out"), "nothing.mp4: no such file or folder"),
        (("run", "-o", "out"), "input: not given"),
        (("run", "nothing.mp4"), "output: not given"),
        (("run", "x.mp4", "-o", "out", "--profile", "fats"), "Did you mean 'fast'"),
        (("run", "x.mp4", "-o", "out", "--proflie", "fast"), "--profile"),
        (("run", "x.mp4", "-o", "out", "--formats", "jsnl"), "Did you mean 'jsonl'"),
        (("run", "x.mp4", "-o", "out", "--interval", "0"), "interval"),
        (("run", "x.mp4", "-o", "out", "--config", "none.yaml"), "none.yaml"),
        (("rnu",), "run"),
        (("evaluate", "-a", "none.json", "-i", "."), "none.json"),
        (("models", "verify", "movenet-pafff"), "Did you mean 'movenet-paf'"),
    ],
)
def test_a_wrong_call_exits_with_2_one_line_and_no_traceback(
    tmp_path: Path, arguments: tuple[str, ...], message: str
):
    done = posestream(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_the_traceback(tmp_path: Path):
    done = posestream("run", "nothing.mp4", "-o", "out", "--debug", cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "SourceNotFoundError" in done.stderr


@pytest.mark.parametrize("content", [b"", b"not a video at all\n" * 20])
def test_a_file_that_is_no_video_fails_in_one_line(tmp_path: Path, content: bytes):
    (tmp_path / "video.mp4").write_bytes(content)
    done = posestream("run", "video.mp4", "-o", "out", cwd=tmp_path)
    assert done.returncode == 1
    assert "video.mp4" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_finishes_every_file(
    demo_clip: Path, tmp_path: Path, number: signal.Signals, code: int
):
    from posestream.demo.clip import make_demo_clip

    clip = make_demo_clip(tmp_path / "long.mp4", seconds=20, size=(320, 180))
    command = [sys.executable, "-m", "posestream", "run", str(clip), "-o", str(tmp_path / "out")]
    process = subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    poses = tmp_path / "out" / "poses.jsonl"
    deadline = time.monotonic() + 60
    while not (poses.exists() and poses.stat().st_size > 2000) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "stopped early" in said
    text = poses.read_text()
    assert text.endswith("\n")
    rows = [json.loads(line) for line in text.splitlines()]
    assert 0 < len(rows) < 600
    assert frame_count(tmp_path / "out" / "Pose_Estimation.mp4") == len(rows)


def test_models_lists_every_embedded_network():
    done = posestream("models")
    assert done.returncode == 0
    for name in ("movenet-multipose", "movenet-paf", "movenet-thunder", "Apache-2.0"):
        assert name in done.stdout


def test_models_verify_finds_whole_files():
    done = posestream("models", "verify")
    assert done.returncode == 0
    assert done.stdout.count("ok") == 3


def test_models_verify_finds_a_damaged_file(tmp_path: Path):
    import shutil
    from importlib import resources

    folder = tmp_path / "copy"
    shutil.copytree(str(resources.files("posestream.models") / "movenet-paf"), folder)
    weights = folder / "model.onnx"
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)
    done = posestream("models", "verify", folder)
    assert done.returncode == 1
    assert "damaged" in done.stdout


def test_doctor_finds_everything_the_main_job_needs():
    done = posestream("doctor")
    assert done.returncode == 0, done.stdout
    for part in ("python", "cpu", "video", "compiler", "cache", "inference", "models", "gpu"):
        assert part in done.stdout
    assert "bad" not in done.stdout


def test_doctor_says_why_the_main_job_cannot_run(tmp_path: Path):
    (tmp_path / "av.py").write_text("raise ImportError('libavcodec is broken')")
    broken = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path)}
    code = "from posestream.cli.checkup import _video; print(_video())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=broken)
    assert "libavcodec is broken" in done.stdout
    assert "bad" in done.stdout


def test_demo_works_without_any_video(tmp_path: Path):
    done = posestream("demo", "--output", tmp_path, "--profile", "fast", "--quiet", timeout=300)
    assert done.returncode == 0, done.stderr
    assert frame_count(tmp_path / "Pose_Estimation.mp4") == frame_count(tmp_path / "demo.mp4")
    rows = (tmp_path / "poses.jsonl").read_text().splitlines()
    people = [len(json.loads(row)["people"]) for row in rows]
    assert max(people) >= 3


@pytest.mark.parametrize("command", ["run", "demo", "evaluate", "quantize", "doctor", "models"])
def test_help_teaches(command: str):
    done = posestream(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout) > 200


def test_every_setting_is_an_option_of_run():
    from posestream.config import KEYS

    text = posestream("run", "--help").stdout
    for key in set(KEYS) - {"input", "streams", "zones", "lines", "ground"}:  # files have names
        assert "--" + key.replace("_", "-") in text

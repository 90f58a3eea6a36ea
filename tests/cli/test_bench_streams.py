"""``posestream bench streams`` as a stranger meets it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
COMMAND = [sys.executable, "-m", "posestream", "bench", "streams"]


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)


def test_it_prints_a_table_and_writes_figures_and_a_chart(demo_clip: Path, tmp_path: Path):
    pytest.importorskip("matplotlib")
    quick = ("--seconds", 1, "--warm-up", 0.2, "--max", 2, "--profile", "fast")
    done = bench("--clip", demo_clip, *quick, "--intervals", "10", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for word in ("interval", "fps min", "dropped", "p99 ms", "CPU", "320x180 at 30 fps"):
        assert word in done.stdout
    figures = json.loads((tmp_path / "out" / "density.json").read_text())
    assert figures["series"][0]["interval"] == 10
    assert figures["series"][0]["trials"][0]["streams"] == 1
    assert (tmp_path / "out" / "density.png").read_bytes().startswith(b"\x89PNG")


def test_videos_and_the_mosaic_are_written_while_it_measures(demo_clip: Path):
    quick = ("--seconds", 1, "--warm-up", 0, "--max", 2, "--profile", "fast")
    done = bench("--clip", demo_clip, *quick, "--intervals", "30", "--video", "--mosaic")
    assert done.returncode == 0, done.stderr
    assert "1 of 30 frames" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--intervals", "1,0"), "intervals: must be numbers from 1 to 1000, by commas"),
        (("--intervals", ""), "intervals: must be numbers"),
        (("--clip", "nowhere.mp4"), "nowhere.mp4"),
        (("--profile", "quick", "--clip", "{clip}"), "profile"),
    ],
)
def test_a_wrong_call_is_refused_in_a_line(arguments: tuple, message: str, demo_clip: Path):
    done = bench(*(str(one).format(clip=demo_clip) for one in arguments))
    assert done.returncode in {1, 2}
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_results_are_not_replaced_unasked(demo_clip: Path, tmp_path: Path):
    (tmp_path / "density.json").write_text("{}")
    done = bench("--clip", demo_clip, "--output", tmp_path, "--no-chart")
    assert done.returncode == 2
    assert "density.json: exists already; give --overwrite" in done.stderr


def test_ctrl_c_leaves_what_was_measured(demo_clip: Path, tmp_path: Path):
    # Several, as a single one may have been measured before the signal comes, on a busy machine.
    quick = ("--seconds", "1", "--warm-up", "0", "--profile", "fast", "--intervals", "30,20,10,5,1")
    arguments = ["--clip", str(demo_clip), *quick, "--output", str(tmp_path), "--no-chart"]
    process = subprocess.Popen(
        [*COMMAND, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=ENVIRONMENT,
    )  # fmt: skip
    assert process.stderr is not None
    while "stream" not in (line := process.stderr.readline()) or "alone" in line:
        assert process.poll() is None
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    series = json.loads((tmp_path / "density.json").read_text())["series"]
    assert len(series) < 5
    assert series[-1]["complete"] is False
    assert len(series[0]["trials"]) >= 1

"""``posestream bench gpu`` as a stranger meets it, without a GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
COMMAND = [sys.executable, "-m", "posestream", "bench", "gpu"]


def bench(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)


def test_it_prints_a_table_and_writes_figures_and_charts(demo_clip: Path, tmp_path: Path):
    pytest.importorskip("matplotlib")
    quick = ("--device", "cpu", "--seconds", 0.5, "--warm-up", 0, "--streams", 2)
    what = ("--networks", "embedded", "--profile", "fast", "--only", "decode", "--clip", demo_clip)
    done = bench(*quick, *what, "--no-mosaic", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert f"decode {demo_clip.stem}: fps" in done.stderr
    figures = json.loads((tmp_path / "out" / "gpu.json").read_text())
    assert figures["decode"][demo_clip.stem]["fps"] > 0
    assert figures["settings"]["device"] == "cpu"
    assert "embedded" in done.stdout
    assert (tmp_path / "out" / "gpu.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--networks", "r19"), "networks: 'r19' is not allowed."),
        (("--only", "speed"), "only: 'speed' is not allowed"),
        (("--codecs", ""), "codecs: none given"),
        (("--set", "processes"), "set: 'processes' has no equals sign"),
        (("--device", "cpu", "--clip", "nowhere.mp4"), "nowhere.mp4"),
        (("--device", "cuda:99"), "device: 'cuda:99' is not usable for the GPU path"),
    ],
)
def test_a_wrong_call_is_refused_in_a_line(arguments: tuple, message: str):
    done = bench(*arguments)
    assert done.returncode in {1, 2}
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_results_are_not_replaced_unasked(tmp_path: Path):
    (tmp_path / "gpu.json").write_text("{}")
    done = bench("--output", tmp_path, "--no-chart")
    assert done.returncode == 2
    assert "give --overwrite" in done.stderr
    assert (tmp_path / "gpu.json").read_text() == "{}"

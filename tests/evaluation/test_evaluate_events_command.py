import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("posestream.tracking")

KEYS = ["tp", "fp", "fn", "precision", "recall", "f1", "median_delay_s", "clips"]


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "posestream", "evaluate-events", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True)


def test_falls_of_real_clips_are_measured(shared: Path, tmp_path: Path):
    folder = shared / "data/clips"
    wanted = ("Subject_1_Fall_13.mp4", "Subject_1_ADL_16.mp4")
    clips = [
        c for c in json.loads((folder / "clips.json").read_text()) if c["file"].endswith(wanted)
    ]
    for clip in clips:
        clip["file"] = str(folder / clip["file"])
    (tmp_path / "clips.json").write_text(json.dumps(clips))
    done = command("--clips", tmp_path / "clips.json", "--output", tmp_path / "falls.json", "-q")
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "falls.json").read_text())
    assert list(figures) == [
        "tp",
        "fp",
        "fn",
        "precision",
        "recall",
        "f1",
        "median_delay_s",
        "clips",
    ]
    assert (figures["tp"], figures["fp"], figures["fn"]) == (1, 0, 0)
    assert 0 < figures["median_delay_s"] < 2
    assert "f1             1.000" in done.stdout


def test_a_list_that_is_not_there_is_a_wrong_call(tmp_path: Path):
    done = command("--clips", tmp_path / "none.json")
    assert done.returncode == 2
    assert "none.json" in done.stderr

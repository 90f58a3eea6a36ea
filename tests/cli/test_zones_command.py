"""``posestream zones`` as a stranger meets it."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
DOOR = "door=0.2,0.2;0.8,0.2;0.8,0.8"


def zones(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "posestream", "zones", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd)


def test_a_picture_or_a_page_is_written_and_named(demo_clip: Path, tmp_path: Path):
    (tmp_path / "z.yaml").write_text("lines: {gate: {from: [0.1, 0.5], to: [0.9, 0.5]}}\n")
    done = zones(
        demo_clip, "--zone", DOOR, "-c", "z.yaml", "--at", 0.5, "-o", "f.png", cwd=tmp_path
    )
    assert (done.returncode, done.stdout.strip()) == (0, "f.png"), done.stderr
    picture = cv2.imread(str(tmp_path / "f.png"))
    assert picture is not None
    assert picture.shape == (180, 320, 3)
    done = zones(demo_clip, "--zone", DOOR, "--pick", "-o", "deep/pick.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert '"name": "door"' in (tmp_path / "deep" / "pick.html").read_text()


def test_shapes_outside_of_the_picture_are_pointed_out(demo_clip: Path, tmp_path: Path):
    done = zones(demo_clip, "--line", "gate=0,0;900,100", "-o", "f.jpg", cwd=tmp_path)
    assert done.returncode == 0
    assert "gate reaches out of the picture of 320x180 pixels" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "f.txt"), "must end in .png, .jpg, .jpeg"),
        (("-o", "f.png", "--pick"), "must end in .html"),
        (("-o", "f.png", "--zone", "a=0,0;1,1;1,0;0,1"), "zones.a.polygon: the outline crosses"),
        (("-o", "f.png", "-c", "none.yaml"), "none.yaml"),
        (("-o", "there.png"), "there.png: exists"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(demo_clip, tmp_path: Path, arguments, message):
    (tmp_path / "there.png").touch()
    done = zones(demo_clip, *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there.png"]

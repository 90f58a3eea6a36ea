import subprocess
import sys
from pathlib import Path

from posestream.config import load_config
from posestream.pipeline import run

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def example(name: str, *arguments: object) -> str:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_raised_hands_reads_a_whole_video(demo_clip: Path):
    assert "30 frames, at most" in example("raised_hands.py", demo_clip)


def test_people_are_counted_from_the_data_file(demo_clip: Path, tmp_path: Path):
    given = {"input": str(demo_clip), "output": tmp_path, "profile": "fast", "video": False}
    summary = run(load_config(None, given))
    line = example("people_per_second.py", tmp_path / "poses.jsonl").splitlines()[0]
    assert float(line.split()[2]) == round(summary.people / summary.frames, 1)


def test_every_example_is_tested():
    text = Path(__file__).read_text()
    assert all(f'"{path.name}"' in text for path in EXAMPLES.glob("*.py"))

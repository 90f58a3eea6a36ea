"""``posestream quantize`` writes a faster network that is good enough, or nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from posestream.models.registry import find_model, verify

ENVIRONMENT = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
PATCHED = """
import sys
from posestream.quantization import search
search.milliseconds = lambda cards, *_, **__: {{n: [2.0 if n == "f32" else {ms}] for n in cards}}
search.installed_tools = lambda: []
from posestream.cli import main
sys.argv = ["posestream", *sys.argv[1:]]
main()
"""


def quantize(*arguments: object, ms: float = 1.0, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with made-up speed, as nothing else of it depends on the machine."""
    code = PATCHED.format(ms=ms)
    command = [sys.executable, "-c", code, "quantize", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd)


def test_network_and_card_are_written_and_the_table_says_why(card, photographs, tmp_path):
    done = quantize(card.weights, "out.onnx", "--images", photographs, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = find_model(tmp_path / "out.onnx")
    verify(made)
    assert made.name == "small-int8"
    assert "wrote out.onnx" in done.stderr
    assert re.search(r"f32 +0/6 .* 1\.00", done.stdout)
    assert re.search(r"posestream, error .* 2\.00 .*kept", done.stdout)
    for stage in ("calibrating", "trying each layer", "measuring speed"):
        assert f"{stage} ..." in done.stderr


def test_quiet_says_nothing(card, photographs, tmp_path):
    done = quantize(card.weights, "out.onnx", "-i", photographs, "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out.toml").exists()


@pytest.mark.parametrize(
    ("options", "ms", "message"),
    [
        (("--max-error", "0"), 1.0, "loses more than an output error of 0; nothing was written"),
        ((), 3.0, "no INT8 network is faster than f32 on this CPU; nothing was written"),
    ],
)
def test_nothing_good_enough_exits_with_1_and_writes_nothing(
    card, photographs, tmp_path, options, ms, message
):
    done = quantize(card.weights, "out.onnx", "-i", photographs, *options, ms=ms, cwd=tmp_path)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("model", "output", "images", "message"),
    [
        ("movenet-pafff", "out.onnx", ".", "Did you mean 'movenet-paf'"),
        ("movenet-paf", "out.xml", ".", "out.xml': must end in .onnx"),
        ("movenet-paf", "out.onnx", "nothing", "nothing': no such folder"),
        ("movenet-paf", "there.onnx", ".", "there.onnx: exists; pass --overwrite"),
    ],
)
def test_a_wrong_call_exits_with_2(tmp_path, model, output, images, message):
    (tmp_path / "there.onnx").write_text("mine")
    done = quantize(model, output, "--images", images, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert (tmp_path / "there.onnx").read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_annotations_that_are_not_there_are_a_wrong_call(card, photographs, tmp_path):
    arguments = (card.weights, "out.onnx", "-i", photographs, "-a", "none.json")
    done = quantize(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "none.json" in done.stderr
    assert not list(tmp_path.glob("out*"))

"""``posestream export`` and ``posestream import`` as a stranger meets them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_commands import ENVIRONMENT, posestream

from caffe_files import random_weights, write_model
from checkpoint_files import random_state, save
from posestream.models.architectures.openpose_layers import openpose_body_25
from posestream.models.registry import find_model


def test_export_writes_a_network_and_says_what_it_did(tmp_path: Path):
    pytest.importorskip("torch")
    save(tmp_path / "net.pth", random_state("resnet18_baseline_att"))
    options = ("--size", "96x64", "--batch", "1", "--opset", "16", "--f32", "--licence", "MIT")
    done = posestream("export", "net.pth", "out/net.onnx", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for word in ("recognised: resnet18_baseline_att", "wrote", "differs", "OpenVINO", "MIT"):
        assert word in done.stderr
    assert done.stdout == ""
    card = find_model(tmp_path / "out" / "net.onnx")
    assert (card.input.fixed_size, card.input.batch, card.licence) == ((96, 64), 1, "MIT")
    again = posestream("export", "net.pth", "out/net.onnx", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists; pass --overwrite" in again.stderr


def test_import_writes_a_network_and_quiet_says_nothing(tmp_path: Path):
    network = openpose_body_25(26, 52)
    write_model(tmp_path, network, random_weights(network))
    options = ("--prototxt", "net.prototxt", "--quiet")
    done = posestream("import", "net.caffemodel", "net.onnx", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert find_model(tmp_path / "net.onnx").topology.name == "openpose-body-25"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "none.pth", "net.onnx"), "none.pth: no such file"),
        (("export", "none.pth", "net.onnx", "--opset", "3"), "opset: 3 is not allowed"),
        (("export", "none.pth", "net.onnx", "--size", "big"), "size: 'big' is not allowed"),
        (("export", "none.pth", "net.onnx", "--batch", "many"), "batch: 'many' is not allowed"),
        (("export", "none.pth", "net.onnx", "-a", "resnet18_basline"), "Did you mean 'resnet18_b"),
        (("export", "none.pth", "net.onnx", "-t", "trtpose-humans"), "Did you mean 'trtpose-hum"),
        (("export", "none.pth", "net.pb"), "output: 'net.pb' is not allowed"),
        (("export", "none.pth"), "OUT.onnx"),
        (("import", "none.caffemodel", "net.onnx"), "none.caffemodel: no such file"),
        (("import", "x", "net.onnx", "--prototxt", "none.txt"), "none.txt: no such file"),
        (("import", "x", "net.onnx", "--opset", "3"), "opset: 3 is not allowed"),
    ],
)
def test_a_wrong_call_exits_with_2_one_line_and_no_traceback(
    tmp_path: Path, arguments: tuple[str, ...], message: str
):
    done = posestream(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["export", "import"])
def test_a_file_of_garbage_fails_in_one_line(tmp_path: Path, command: str):
    if command == "export":
        pytest.importorskip("torch")
    (tmp_path / "net").write_bytes(b"<html>404 not found</html>" * 20)
    done = posestream(command, "net", "net.onnx", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: net: no ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "net.onnx").exists()


def test_export_without_pytorch_says_what_to_install(tmp_path: Path):
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "torch.py").write_text("raise ImportError('no PyTorch here')\n")
    (tmp_path / "net.pth").write_bytes(b"x")
    path = os.pathsep.join(filter(None, [str(blocked), ENVIRONMENT.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "posestream", "export", "net.pth", "net.onnx"],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "PYTHONPATH": path},
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "pip install 'posestream[torch]'" in done.stderr
    assert "Traceback" not in done.stderr

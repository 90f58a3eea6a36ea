"""Parts alone, on the CPU."""

from pathlib import Path

import pytest

from posestream.config import load_config
from posestream.gpu_bench.alone import finding_alone, network_alone
from posestream.models.registry import find_model

pytest.importorskip("torch")
pytest.importorskip("onnx")


def test_finding_people_and_the_network_are_measured_without_streams(
    demo_clip: Path, tmp_path: Path
):
    config = load_config(
        None, {"input": str(demo_clip), "output": tmp_path, "device": "cpu", "profile": "fast"}
    )
    found = finding_alone(config, demo_clip, device=None, seconds=0.3)
    assert found["fps"] > 0
    assert found["call_ms"] > 0
    card = find_model("movenet-multipose")
    alone = network_alone(card, config.estimator, device=None, batches=(1,), seconds=0.01)
    assert list(alone) == ["batch_1"]
    assert alone["batch_1"] > 0

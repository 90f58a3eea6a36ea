"""Who runs on a GPU's tensors, and who takes pictures from main memory."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from posestream import assembly_devices
from posestream.assembly import build_estimator
from posestream.assembly_devices import gpu_path
from posestream.config import EstimatorConfig
from posestream.errors import ConfigError


@pytest.fixture(params=[True, False], ids=["with torch", "without torch"])
def there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A machine with a GPU, with PyTorch and Triton or without."""
    found = object() if request.param else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    monkeypatch.setattr(assembly_devices, "checked_device", lambda device: 0)
    return request.param


@pytest.mark.parametrize(
    "settings",
    [
        {"backend": "onnxruntime"},
        {"backend": "onnxruntime", "provider": "cuda"},
        {"provider": "tensorrt"},
    ],
)
def test_onnx_runtime_runs_on_tensors_where_there_is_torch(there: bool, settings: dict[str, Any]):
    assert gpu_path(EstimatorConfig(device="cuda", **settings)) == (0 if there else None)


@pytest.mark.parametrize(
    "settings",
    [
        {"device": "cpu"},
        {"device": "cuda", "backend": "onnxruntime", "provider": "cpu"},
        {"device": "cuda", "provider": "tensorrt", "precision": "int8"},
    ],
)
def test_the_rest_takes_pictures_from_main_memory(there: bool, settings: dict[str, Any]):
    assert gpu_path(EstimatorConfig(**settings)) is None


def test_torch_compiles_for_gpus_only():
    with pytest.raises(ConfigError, match="compile: 'quick' is not allowed with device 'cpu'"):
        build_estimator(EstimatorConfig(device="cpu", compile="quick"))

import importlib.util
import logging

import pytest

from posestream import assembly_devices
from posestream.assembly_devices import gpu_path, one_device, picture_decoding
from posestream.config import EstimatorConfig
from posestream.errors import ConfigError, MissingDependencyError


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly_devices, "checked_device", lambda name: int(name[5:]))


@pytest.mark.usefixtures("one_gpu")
@pytest.mark.parametrize(
    ("settings", "gpu"),
    [
        ({}, None),
        ({"device": "cpu"}, None),
        ({"device": "cuda"}, 0),
        ({"device": "cuda:1"}, 1),
        ({"device": "cuda", "backend": "torch"}, 0),
        ({"device": "cuda", "backend": "onnxruntime", "precision": "int8"}, None),
        ({"device": "cuda", "provider": "cpu"}, None),
    ],
)
def test_pictures_stay_on_a_gpu_where_its_tensors_can_be_used(settings, gpu):
    assert gpu_path(EstimatorConfig(**settings)) == gpu


@pytest.mark.usefixtures("one_gpu")
def test_onnx_runtime_takes_pictures_of_main_memory_where_there_is_no_torch(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert gpu_path(EstimatorConfig(device="cuda", backend="onnxruntime")) is None


def test_one_process_takes_one_gpu():
    assert one_device(EstimatorConfig(device="auto")) == "auto"
    assert one_device(EstimatorConfig(device="cuda")) == "cuda:0"
    with pytest.raises(ConfigError, match="names 2 GPUs"):
        gpu_path(EstimatorConfig(device="cuda:0,cuda:1"))


def test_a_missing_library_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str) -> int:
        raise MissingDependencyError("the GPU path needs PyTorch")

    monkeypatch.setattr(assembly_devices, "checked_device", missing)
    with pytest.raises(MissingDependencyError, match=r"'cuda': the GPU path needs .* device cpu"):
        gpu_path(EstimatorConfig(device="cuda"))


@pytest.mark.usefixtures("one_gpu")
def test_without_the_video_librarys_decoder_the_cpu_decodes_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def missing() -> None:
        raise MissingDependencyError("decoding on the GPU needs PyNvVideoCodec")

    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(assembly_devices, "import_video_codec", missing)
    assert picture_decoding(EstimatorConfig(device="cuda")) is None
    assert picture_decoding(EstimatorConfig(device="cpu")) is None
    assert caplog.messages == [
        "all video is decoded on the CPU: decoding on the GPU needs PyNvVideoCodec"
    ]

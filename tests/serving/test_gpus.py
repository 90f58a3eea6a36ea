import sys
from types import ModuleType, SimpleNamespace

import pytest

from posestream.serving.gpus import GpuMeter, GpuUse


class NvmlError(Exception):
    pass


def library(*, driver: bool = True, decoder: bool = True, lost: bool = False) -> ModuleType:
    """What nvidia-ml-py offers, for a machine with one GPU, or with one that fell off the bus."""
    module = ModuleType("pynvml")

    def initialise() -> None:
        if not driver:
            raise NvmlError("driver not loaded")

    def handle(index: int) -> str:
        if lost:
            raise NvmlError("GPU is lost")
        return f"gpu {index}"

    def decoding(_: str) -> list[int]:
        if not decoder:
            raise NvmlError("not supported")
        return [60, 167000]

    module.NVMLError = NvmlError
    module.nvmlInit = initialise
    module.nvmlDeviceGetCount = lambda: 1
    module.nvmlDeviceGetHandleByIndex = handle
    module.nvmlDeviceGetName = lambda _: b"Some GPU"
    module.nvmlDeviceGetMemoryInfo = lambda _: SimpleNamespace(used=3, total=9)
    module.nvmlDeviceGetUtilizationRates = lambda _: SimpleNamespace(gpu=25, memory=10)
    module.nvmlDeviceGetDecoderUtilization = decoding
    module.nvmlDeviceGetEncoderUtilization = lambda _: [0, 167000]
    return module


def read(monkeypatch: pytest.MonkeyPatch, module: ModuleType | None) -> list[GpuUse]:
    monkeypatch.setitem(sys.modules, "pynvml", module)
    return GpuMeter().read()


def test_a_gpu_tells_what_it_does(monkeypatch: pytest.MonkeyPatch):
    assert read(monkeypatch, library()) == [GpuUse(0, "Some GPU", 3, 9, 0.25, 0.6, 0.0)]


def test_what_a_gpu_does_not_tell_is_left_open(monkeypatch: pytest.MonkeyPatch):
    assert read(monkeypatch, library(decoder=False)) == [
        GpuUse(0, "Some GPU", 3, 9, 0.25, None, 0.0)
    ]


@pytest.mark.parametrize("module", [None, library(driver=False), library(lost=True)])
def test_without_package_driver_or_gpu_there_are_none(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType | None
):
    assert read(monkeypatch, module) == []

"""What is missing is said."""

import importlib
import pkgutil
import sys
from types import SimpleNamespace

import pytest

import posestream.gpu
from posestream.errors import ConfigError, MissingDependencyError
from posestream.gpu import libraries

LOADERS = (
    libraries.import_torch,
    libraries.import_video_codec,
)


@pytest.fixture(autouse=True)
def remembers_nothing():
    for load in LOADERS:
        load.cache_clear()
    yield
    for load in LOADERS:
        load.cache_clear()


def test_every_module_is_imported_without_a_gpu():
    for module in pkgutil.iter_modules(posestream.gpu.__path__):
        assert importlib.import_module(f"posestream.gpu.{module.name}").__doc__


@pytest.mark.parametrize(
    ("module", "load"),
    [
        ("torch", libraries.import_torch),
        ("PyNvVideoCodec", libraries.import_video_codec),
    ],
)
def test_a_missing_library_is_an_error_that_says_what_to_install(monkeypatch, module, load):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[gpu\]'"):
        load()


@pytest.mark.parametrize("device", ["cuda:3", "cpu", "cuda:x"])
def test_a_device_that_is_not_there_is_refused(monkeypatch, device: str):
    one = SimpleNamespace(is_available=lambda: True, device_count=lambda: 1)
    monkeypatch.setattr(libraries, "import_torch", lambda: SimpleNamespace(cuda=one))
    with pytest.raises(ConfigError, match=f"device: '{device}' is not usable .* cuda:0 to cuda:0"):
        libraries.checked_device(device)


def test_a_machine_without_a_gpu_says_so(monkeypatch):
    none = SimpleNamespace(is_available=lambda: False, device_count=lambda: 0)
    monkeypatch.setattr(libraries, "import_torch", lambda: SimpleNamespace(cuda=none))
    with pytest.raises(ConfigError, match="none, torch sees no GPU"):
        libraries.checked_device("cuda")

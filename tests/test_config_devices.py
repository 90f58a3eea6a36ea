import re

import pytest

from posestream.config import estimator_config
from posestream.config_devices import devices_of, gpu_of
from posestream.errors import ConfigError
from posestream.gpu import libraries


@pytest.mark.parametrize(
    ("device", "gpus"),
    [
        ("auto", ()),
        ("cpu", ()),
        ("cuda", ("cuda:0",)),
        ("cuda:3", ("cuda:3",)),
        ("cuda:0,cuda:2", ("cuda:0", "cuda:2")),
    ],
)
def test_a_device_names_gpus(device: str, gpus: tuple[str, ...]):
    assert devices_of(estimator_config({"device": device}).device) == gpus


def test_all_gpus_are_those_that_torch_counts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(libraries, "gpu_count", lambda: 2)
    assert devices_of("cuda:all") == ("cuda:0", "cuda:1")


def test_a_gpu_named_twice_is_refused():
    with pytest.raises(ConfigError, match=re.escape("'cuda:0,cuda:00' names a GPU twice")):
        devices_of("cuda:0,cuda:00")


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda,cuda:1", "cuda:0,cpu", "cuda:0, cuda:1"])
def test_what_names_no_gpu_is_refused(device: str):
    with pytest.raises(ConfigError, match="device: "):
        estimator_config({"device": device})


def test_one_process_uses_one_gpu():
    assert gpu_of("cpu") is None
    assert gpu_of("cuda") == "cuda:0"
    with pytest.raises(ConfigError, match=r"names 2 GPUs.* give processes .*cuda:0, cuda:1"):
        gpu_of("cuda:0,cuda:1")

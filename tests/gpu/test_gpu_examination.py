from types import SimpleNamespace

import pytest

from posestream.errors import ConfigError, MissingDependencyError
from posestream.gpu import examination


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Two GPUs whose decoder knows two codecs."""
    cuda = SimpleNamespace(get_device_name=lambda device: ("NVIDIA L4", "NVIDIA T4")[device])
    torch = SimpleNamespace(cuda=cuda, __version__="2.11.0")
    monkeypatch.setattr(examination, "import_torch", lambda: torch)
    monkeypatch.setattr(examination, "gpu_count", lambda: 2)
    monkeypatch.setattr(examination, "compiler_version", lambda: (13, 0))
    monkeypatch.setattr(examination, "decodable", lambda device: ["h264", "hevc"])
    return monkeypatch


def raises(error: Exception):
    def stand_in(*_):
        raise error

    return stand_in


def test_what_gpus_can_do_is_told_in_one_line(machine):
    assert examination.gpu_abilities() == (
        "cuda:0 to cuda:1, NVIDIA L4, NVIDIA T4; torch 2.11.0, NVRTC 13.0; decodes h264, hevc"
    )


def test_without_a_library_of_decoders_the_cpu_decodes(machine):
    machine.setattr(examination, "decodable", raises(MissingDependencyError("no PyNvVideoCodec")))
    assert examination.gpu_abilities().endswith("decoded on the CPU: no PyNvVideoCodec")


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("gpu_count", ConfigError("torch sees no GPU")),
        ("import_torch", MissingDependencyError("no torch")),
        ("compiler_version", MissingDependencyError("no libnvrtc")),
    ],
)
def test_what_a_run_would_miss_is_said(machine, part, error):
    machine.setattr(examination, part, raises(error))
    with pytest.raises(type(error), match=str(error)):
        examination.gpu_abilities()


@pytest.mark.gpu
def test_a_real_gpu_decodes_h264():
    assert "h264" in examination.gpu_abilities()

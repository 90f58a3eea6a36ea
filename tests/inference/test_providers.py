"""A session runs on the provider that was asked for, or says that it does not."""

import logging

import pytest

from posestream.errors import MissingDependencyError
from posestream.inference.loading import load_backend
from posestream.inference.providers import PROVIDERS, open_session


class Session:
    """Claims to run on providers."""

    def __init__(self, *providers: str) -> None:
        self._providers = [PROVIDERS[name] for name in providers]

    def get_providers(self) -> list[str]:
        return self._providers


def opened(asked, *, loads=("cpu",), has=tuple(PROVIDERS), required=False, device="auto"):
    """Open with a build that ``has`` providers of which only some ``load``."""
    return open_session(
        asked,
        lambda name: Session(*([name] if name in loads else []), "cpu"),
        available=[PROVIDERS[name] for name in has],
        required=required,
        device=device,
    )[1]


@pytest.mark.parametrize(
    ("asked", "device", "runs"),
    [
        ("auto", "auto", "cpu"),
        ("auto", "cpu", "cpu"),
        ("auto", "cuda:1", "cuda"),
        ("tensorrt", "auto", "tensorrt"),
    ],
)
def test_what_is_asked_for_runs(asked, device, runs):
    assert opened(asked, device=device, loads=("cpu", "cuda", "tensorrt")) == runs


@pytest.mark.parametrize(
    ("has", "problem"),
    [(("cpu",), "this build of ONNX Runtime does not have it"), (PROVIDERS, "do not load")],
)
def test_the_next_best_runs_after_a_warning(caplog, has, problem):
    with caplog.at_level(logging.WARNING):
        assert opened("coreml", has=tuple(has)) == "cpu"
    assert "provider 'coreml' is not usable: " in caplog.text
    assert problem in caplog.text
    assert "running on 'cpu' instead" in caplog.text


def test_tensorrt_gives_way_to_cuda_before_the_cpu():
    assert opened("tensorrt", loads=("cuda", "cpu")) == "cuda"
    assert opened("tensorrt", loads=("cpu",)) == "cpu"


@pytest.mark.parametrize("wish", [{"required": True}, {"device": "cuda"}])
def test_a_required_provider_or_a_gpu_is_not_replaced(wish):
    with pytest.raises(MissingDependencyError, match=r"'cuda' is not usable.*onnxruntime-gpu"):
        opened("cuda", **wish)


def test_a_provider_that_this_machine_has_not_is_required_in_vain(tiny_model):
    with pytest.raises(MissingDependencyError, match=r"provider 'coreml' is not usable"):
        load_backend(tiny_model(), provider="coreml", require_provider=True)


def test_the_description_names_what_really_runs(tiny_model, pictures, caplog):
    backend = load_backend(tiny_model(), provider="tensorrt")
    backend.infer(pictures())
    assert ", CPU, f32," in backend.description
    assert "provider 'tensorrt' is not usable" in caplog.text

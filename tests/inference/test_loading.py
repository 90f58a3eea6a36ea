"""The right library is loaded, or the error says which words would do."""

import logging
import sys

import pytest

from posestream.errors import ConfigError, MissingDependencyError
from posestream.inference.loading import load_backend


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"backend": "openvno"}, "backend: 'openvno' is not allowed.*Did you mean 'openvino'"),
        ({"device": "cude"}, "device: 'cude' is not allowed.*cuda:N. Did you mean 'cuda'"),
        (
            {"device": "cuda", "backend": "openvino"},
            "device: 'cuda' is not allowed with backend 'openvino'; allowed: auto, cpu",
        ),
        (
            {"provider": "cuda", "backend": "torch"},
            "provider: 'cuda' is not allowed with backend 'torch'",
        ),
        ({"provider": "cud"}, "provider: 'cud' is not allowed.*Did you mean 'cuda'"),
        ({"precision": "f3"}, "precision: 'f3' .*auto, f32, bf16, f16.*Did you mean 'f32'"),
        ({"streams": 0}, "streams: 0 is not allowed; allowed: 1 or more"),
        ({"backend": "onnxruntime", "precision": "bf16"}, "'bf16' .*allowed: auto, f32"),
    ],
)
def test_a_wrong_setting_is_refused(tiny_model, setting, message):
    with pytest.raises(ConfigError, match=message):
        load_backend(tiny_model(), **setting)


def test_openvino_comes_first(tiny_model):
    assert load_backend(tiny_model()).description.startswith("OpenVINO ")


def test_onnx_runtime_steps_in_where_openvino_is_missing(tiny_model, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with caplog.at_level(logging.WARNING):
        assert load_backend(tiny_model()).description.startswith("ONNX Runtime ")
    assert "running on 'onnxruntime' instead" in caplog.text


@pytest.mark.parametrize(
    ("backend", "message"),
    [("openvino", "pip install openvino"), ("onnxruntime", r"pip install 'posestream\[onnxrunt")],
)
def test_a_missing_library_is_named_with_its_remedy(tiny_model, monkeypatch, backend, message):
    monkeypatch.setitem(sys.modules, backend, None)
    with pytest.raises(MissingDependencyError, match=message):
        load_backend(tiny_model(), backend=backend)


def test_compiled_networks_are_kept_only_if_asked_for(tiny_model, pictures, own_cache):
    load_backend(tiny_model(), backend="openvino", cache=False).infer(pictures())
    assert not own_cache.exists()
    load_backend(tiny_model(), backend="openvino", precision="f32").infer(pictures())
    assert len(list(own_cache.iterdir())) == 1

"""ONNX Runtime on torch's memory, bound as on a GPU; here the memory is the CPU's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from generated_networks import generated
from posestream.errors import ConfigError, InferenceError, MissingDependencyError, ModelError
from posestream.gpu.network_choice import build_network
from posestream.gpu.networks import GraphNetwork
from posestream.gpu.onnx_network import OnnxNetwork
from posestream.gpu.onnx_session import Profile, open_on_device
from posestream.models.registry import find_model

torch = pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

CARD = find_model("movenet-multipose")


def noise(batch: int, height: int, width: int) -> Any:
    values = np.random.default_rng(batch).integers(0, 256, (batch, height, width, 3))
    return torch.from_numpy(values.astype(np.float32))


@pytest.mark.parametrize(("dtype", "off"), [("float32", 1e-4), ("float16", 2e-2)])
def test_maps_are_those_of_torch_for_any_batch_and_size(dtype: str, off: float):
    ours = OnnxNetwork(CARD, device=None, provider="cpu", dtype=dtype)
    theirs = GraphNetwork(CARD, device=None, dtype="float32")
    for pixels in (noise(1, 64, 96), noise(3, 64, 96), noise(2, 32, 32), noise(1, 64, 96)):
        with torch.inference_mode():
            maps, wanted = ours(pixels), theirs(pixels)
        assert list(maps) == list(wanted)
        for meaning, tensor in maps.items():
            assert tensor.dtype == torch.float32
            torch.testing.assert_close(tensor, wanted[meaning], atol=off, rtol=off)


def test_results_of_a_call_stay_when_the_next_is_made():
    network = OnnxNetwork(CARD, device=None, provider="cpu", dtype="float32")
    first = network(noise(1, 32, 32))
    before = {meaning: tensor.clone() for meaning, tensor in first.items()}
    network(255 - noise(1, 32, 32))
    for meaning, tensor in first.items():
        torch.testing.assert_close(tensor, before[meaning], rtol=0, atol=0)


def test_planes_may_lie_in_memory_with_their_channels_beside_each_other(tmp_path: Path):
    card = find_model(generated("yolo-pose", tmp_path), card="yolo-pose")
    network = OnnxNetwork(card, device=None, provider="cpu", dtype="float32")
    planes = torch.rand(1, 640, 640, 3).permute(0, 3, 1, 2)
    beside, apart = network(planes), network(planes.contiguous())
    for meaning, tensor in beside.items():
        torch.testing.assert_close(tensor, apart[meaning], rtol=0, atol=0)


def test_a_picture_that_the_network_cannot_take_is_an_error_of_the_model():
    network = OnnxNetwork(CARD, device=None, provider="cpu", dtype="float32")
    with pytest.raises(InferenceError, match="model 'movenet-multipose' failed"):
        network(torch.zeros(1, 32, 32, 4))


def test_a_provider_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match="provider: 'cuda' is not allowed; allowed: cpu"):
        OnnxNetwork(CARD, device=None, provider="cuda")


def test_a_damaged_network_is_told_with_its_name(tmp_path: Path):
    path = generated("yolo-pose", tmp_path)
    card = find_model(path, card="yolo-pose")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match="yolo-pose"):
        OnnxNetwork(card, device=None, provider="cpu", dtype="float32")


def test_an_engine_is_built_for_every_batch_and_size_that_can_come():
    free = Profile.of(CARD.input, batch=16, long_side=800)
    assert free.options("pixels") == {
        "trt_profile_min_shapes": "pixels:1x32x32x3",
        "trt_profile_opt_shapes": "pixels:16x800x800x3",
        "trt_profile_max_shapes": "pixels:16x800x800x3",
    }
    fixed = replace(CARD.input, fixed_size=(96, 64), long_side=None, layout="NCHW")
    one_size = Profile.of(fixed, batch=8, long_side=None)
    assert one_size.options("x")["trt_profile_min_shapes"] == "x:1x3x64x96"
    assert one_size.folder == "to-8x3x64x96"
    assert Profile.of(replace(fixed, batch=1), batch=8, long_side=None).options("x") == {}


def test_what_a_gpu_would_be_asked_for_is_spelled_as_onnx_runtime_does(tmp_path, monkeypatch):
    import onnxruntime

    class Session:
        asked: ClassVar[list[Any]] = []

        def __init__(self, network: bytes, options: Any, providers: list[Any]) -> None:
            self.asked.append(providers)
            self.providers = [one if isinstance(one, str) else one[0] for one in providers]

        def get_providers(self) -> list[str]:
            return self.providers

        def get_inputs(self) -> list[Any]:
            return [SimpleNamespace(name="pixels")]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["TensorrtExecutionProvider"]
    )
    open_on_device(
        CARD,
        provider="tensorrt",
        device=1,
        stream=4096,
        dtype="float16",
        batch=8,
        long_side=256,
        workspace_mb=100,
        cache=tmp_path,
    )
    [tensorrt, cuda, cpu] = Session.asked[-1]
    assert (tensorrt[0], cuda[0], cpu) == (
        "TensorrtExecutionProvider",
        "CUDAExecutionProvider",
        "CPUExecutionProvider",
    )
    for _, options in (tensorrt, cuda):
        assert (options["device_id"], options["user_compute_stream"]) == ("1", "4096")
    assert tensorrt[1]["trt_fp16_enable"] == "True"
    assert tensorrt[1]["trt_profile_max_shapes"] == "pixels:8x640x640x3"
    assert Path(tensorrt[1]["trt_engine_cache_path"]).parent.parent == tmp_path / "tensorrt"


def test_torch_runs_a_network_unless_a_provider_is_named():
    assert isinstance(build_network(CARD, device=None, dtype="float32"), GraphNetwork)
    chosen = build_network(CARD, device=None, dtype="float32", provider="cpu")
    assert isinstance(chosen, OnnxNetwork)
    assert not chosen.capturable


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"backend": "openvino"}, "backend: 'openvino' is not allowed"),
        ({"backend": "torch", "provider": "cuda"}, "provider: 'cuda' is not allowed with backend"),
        ({"backend": "onnxruntime", "compile_network": "quick"}, "compile: 'quick' is not allowed"),
        ({"compile_network": "fast"}, "allowed: none, quick, tuned"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], told: str):
    with pytest.raises(ConfigError, match=told):
        build_network(CARD, device=None, dtype="float32", **settings)


def test_a_build_without_the_provider_says_so(monkeypatch: pytest.MonkeyPatch):
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["AzureExecutionProvider"])
    with pytest.raises(MissingDependencyError, match="this build of ONNX Runtime does not have it"):
        OnnxNetwork(CARD, device=None, provider="cpu")

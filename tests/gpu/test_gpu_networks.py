"""Networks that torch compiles say the same, from one graph for each shape."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from checkpoint_files import random_state, save
from posestream.errors import InferenceError
from posestream.gpu.network_choice import build_network
from posestream.gpu.networks import CompiledNetwork, GraphNetwork
from posestream.models.card import ModelCard
from posestream.models.registry import find_model

torch = pytest.importorskip("torch")


@pytest.fixture
def without_machine_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Compile to a graph of torch's operators only, which takes seconds and no compiler."""
    real = torch.compile

    def traced(network: Any, *, mode: str, **options: Any) -> Any:
        assert mode in ("default", "max-autotune-no-cudagraphs")
        return real(network, backend="aot_eager", **options)

    monkeypatch.setattr(torch, "compile", traced)
    monkeypatch.setenv("POSESTREAM_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch._dynamo.reset()


def card_of(name: str, tmp_path: Path) -> ModelCard:
    if name.startswith("movenet"):
        return find_model(name)
    from posestream.conversion.checkpoints import export_checkpoint
    from posestream.conversion.results import Wishes

    checkpoint = save(tmp_path / f"{name}.pth", random_state(name))
    return export_checkpoint(checkpoint, Wishes(output=tmp_path / f"{name}.onnx")).card


@pytest.mark.parametrize(
    "name",
    [
        "movenet-multipose",
        "resnet18_baseline_att",
        pytest.param("densenet121_baseline_att", marks=pytest.mark.slow),
    ],
)
def test_a_network_is_one_graph_and_says_the_same(
    name: str, tmp_path: Path, without_machine_code: None, caplog: pytest.LogCaptureFixture
):
    card = card_of(name, tmp_path)
    plain = GraphNetwork(card, device=None, dtype="float32")
    quick = build_network(card, device=None, dtype="float32", compile_network="quick")
    assert isinstance(quick, CompiledNetwork)
    assert quick.capturable
    assert quick.slow_start
    pixels = torch.rand(2, 64, 64, 3)
    pixels = pixels.permute(0, 3, 1, 2) if card.input.layout == "NCHW" else 255 * pixels
    with torch.inference_mode(), caplog.at_level(logging.WARNING):
        wanted, found, again = plain(pixels), quick(pixels), quick(pixels)
    for meaning, tensor in wanted.items():
        torch.testing.assert_close(found[meaning], tensor, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(again[meaning], tensor, rtol=1e-4, atol=1e-4)
    told = [message for message in caplog.messages if "compil" in message]
    sides = " x ".join(map(str, pixels.shape))
    assert len(told) == 2
    assert told[0].startswith(f"compiling {card.name!r} for {sides}, a minute or more")
    assert told[1].startswith(f"compiled {card.name!r} for {sides} in ")


def test_a_network_that_is_no_graph_is_refused(without_machine_code: None):
    class Undecided:
        capturable = True
        slow_start = False

        def __call__(self, pixels: Any) -> dict[str, Any]:
            return {"maps": pixels if pixels.sum() > 0 else -pixels}

    network = CompiledNetwork(Undecided(), name="undecided")
    with pytest.raises(
        InferenceError, match=r"model 'undecided' cannot be compiled: .*compile none"
    ):
        network(torch.ones(1, 3))


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["movenet-multipose", "resnet18_baseline_att"])
@pytest.mark.parametrize("compiling", ["none", "quick"])
def test_a_network_on_a_gpu_says_what_it_says_on_the_cpu(name: str, compiling: str, tmp_path: Path):
    card = card_of(name, tmp_path)
    pixels = torch.rand(2, 64, 64, 3)
    pixels = pixels.permute(0, 3, 1, 2) if card.input.layout == "NCHW" else 255 * pixels
    gpu = build_network(card, device=0, compile_network=compiling, cache=tmp_path)
    with torch.inference_mode():
        wanted = GraphNetwork(card, device=None, dtype="float32")(pixels)
        found = gpu(pixels.cuda().half())
    for meaning, tensor in wanted.items():
        off = (found[meaning].float().cpu() - tensor).abs().max()
        assert off < 0.05 * tensor.abs().max()

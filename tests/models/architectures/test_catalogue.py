"""The architectures have exactly the tensors of the published checkpoints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from posestream.errors import ConfigError, MissingDependencyError
from posestream.models.architectures import torch_library
from posestream.models.architectures.catalogue import ARCHITECTURES, find_architecture
from posestream.models.exporting import onnx_library

LAYOUTS = ["resnet18_baseline_att", "densenet121_baseline_att"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_keys_and_shapes_are_those_of_the_published_checkpoint(shared: Path, name: str):
    torch = pytest.importorskip("torch")
    layout = json.loads((shared / "models" / "trtpose_state_dict_layout.json").read_text())[name]
    with torch.device("meta"):
        network = ARCHITECTURES[name].build(18, 42)
    found = {key: list(tensor.shape) for key, tensor in network.state_dict().items()}
    assert found == layout
    assert list(found) == list(layout)


@pytest.mark.parametrize("name", ["resnet18_baseline", "densenet121_baseline"])
def test_without_attention_the_heads_end_in_a_convolution(name: str):
    torch = pytest.importorskip("torch")
    with torch.device("meta"):
        keys = ARCHITECTURES[name].build(18, 42).state_dict()
    assert keys["1.cmap_conv.0.0.weight"].shape[1:] == (256, 4, 4)
    assert keys["1.cmap_conv.1.weight"].shape == (18, 256, 1, 1)
    assert keys["1.paf_conv.1.bias"].shape == (42,)


@pytest.mark.parametrize(("name", "bytes_"), [("coco", 209e6), ("body-25", 105e6)])
def test_openpose_networks_are_as_large_as_the_published_files(name: str, bytes_: float):
    torch = pytest.importorskip("torch")
    architecture = ARCHITECTURES[f"openpose-{name}"]
    with torch.device("meta"):
        network = architecture.build(*architecture.channels(architecture.topology))
    size = 4 * sum(tensor.numel() for tensor in network.state_dict().values())
    assert size == pytest.approx(bytes_, rel=0.005)


@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_maps_and_fields_have_the_promised_stride(name: str):
    torch = pytest.importorskip("torch")
    architecture = ARCHITECTURES[name]
    with torch.device("meta"):
        network = architecture.build(*architecture.channels(architecture.topology)).eval()
        maps, fields = network(torch.zeros(2, 3, 64, 96))
    rows, columns = 64 // architecture.stride, 96 // architecture.stride
    counts = architecture.channels(architecture.topology)
    assert maps.shape == (2, counts[0], rows, columns)
    assert fields.shape == (2, counts[1], rows, columns)


def test_an_unknown_architecture_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'resnet18_baseline_att'"):
        find_architecture("resnet18_baseline_at")


@pytest.mark.parametrize(
    ("size", "batch", "message"),
    [
        ((225, 224), None, "size: 225x224 is not allowed .* multiples of 32 up to 4096"),
        ((0, 32), None, "size: 0x32"),
        ((32, 40_000), None, "size: 32x40000"),
        (None, 0, "batch: 0 is not allowed; allowed: 1 to 64, or dynamic"),
        (None, 100_000, "batch: 100000"),
    ],
)
def test_an_impossible_input_is_refused(size, batch, message: str):
    with pytest.raises(ConfigError, match=message):
        find_architecture("resnet18_baseline").input(size=size, batch=batch)


def test_the_catalogue_loads_neither_torch_nor_onnx():
    code = (
        "import sys, posestream.models.architectures.catalogue, posestream.conversion.caffemodels; "
        "print(sorted({'torch', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "importing", "message"),
    [
        ("torch", torch_library.import_torch, r"pip install 'posestream\[torch\]'"),
        ("onnx", onnx_library.import_onnx, r"pip install 'posestream\[onnx\]'"),
    ],
)
def test_a_missing_library_is_named_with_how_to_get_it(monkeypatch, module, importing, message):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=message):
        importing()


def test_building_without_torch_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r"posestream\[torch\]"):
        ARCHITECTURES["openpose-coco"].build(19, 38)

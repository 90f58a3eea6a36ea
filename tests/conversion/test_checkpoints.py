"""From a checkpoint to poses: the whole way, with weights made up in the published layouts."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from checkpoint_files import random_state, save
from posestream.conversion.checkpoints import export_checkpoint
from posestream.conversion.results import Converted, Draft, Wishes, random_pixels
from posestream.decoding.paf import PafDecoder
from posestream.errors import (
    ConfigError,
    MissingDependencyError,
    ModelError,
    OutputExistsError,
    SinkError,
    SourceNotFoundError,
)
from posestream.estimation.passes import BackendPass
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.images import HostImage
from posestream.inference.loading import load_backend
from posestream.inference.pixels import network_input
from posestream.models.architectures.catalogue import ARCHITECTURES, OUTPUTS
from posestream.models.exporting.parity import TOLERANCE
from posestream.models.registry import find_model, list_models, verify

torch = pytest.importorskip("torch")
RESNET = "resnet18_baseline_att"
BACKENDS = ("openvino", "onnxruntime")
QUICK = (RESNET, "densenet121_baseline_att", "openpose-body-25")
EVERY = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in ARCHITECTURES
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A checkpoint in the layout and the file format of the published ones."""
    return save(tmp_path_factory.mktemp("published") / "net.pth", random_state(RESNET), old=True)


@pytest.fixture(scope="module")
def exported(checkpoint: Path, tmp_path_factory) -> tuple[Converted, list[str]]:
    """What an export with nothing asked for made and told."""
    said: list[str] = []
    wishes = Wishes(output=tmp_path_factory.mktemp("exported") / "trtpose.onnx")
    return export_checkpoint(checkpoint, wishes, tell=said.append), said


def said_by_torch(name: str, spec, pixels) -> dict[str, np.ndarray]:
    architecture = ARCHITECTURES[name]
    network = architecture.build(*architecture.channels(architecture.topology)).eval()
    network.load_state_dict(random_state(name))
    with torch.inference_mode():
        outputs = network(torch.from_numpy(network_input(spec, pixels)))
    return {key: maps.numpy() for key, maps in zip(OUTPUTS, outputs, strict=True)}


def check_parity(name: str, card) -> None:
    pixels = random_pixels(card.input)[:1]
    expected = said_by_torch(name, card.input, pixels)
    for backend in BACKENDS:
        found = load_backend(card, backend=backend, precision="f32", cache=False).infer(pixels)
        for key, maps in expected.items():
            assert maps.std() > 1e-3 * abs(maps).max() > 0
            np.testing.assert_allclose(found[key], maps, atol=TOLERANCE * abs(maps).max())


@pytest.mark.parametrize("name", EVERY)
def test_an_export_says_what_pytorch_says_in_both_libraries(tmp_path: Path, name: str):
    path = save(tmp_path / "net.pth", random_state(name))
    output = tmp_path / "out" / "net.onnx"
    converted = export_checkpoint(path, Wishes(output=output, half=False))
    assert (converted.architecture, converted.rounding) == (name, None)
    assert converted.difference <= TOLERANCE
    card = find_model(output)
    verify(card)
    assert card == converted.card
    check_parity(name, card)


def test_float16_weights_halve_the_file_and_say_nearly_the_same(checkpoint: Path, exported):
    converted, _ = exported
    assert converted.difference <= TOLERANCE
    assert converted.rounding is not None
    assert 0 < converted.rounding < 0.05
    assert converted.card.size_bytes < 0.51 * checkpoint.stat().st_size


def test_a_user_is_told_what_was_recognised(exported):
    converted, said = exported
    assert said[0] == f"recognised: {RESNET}, trtpose-human with 18 maps and 42 fields"
    assert len(said) == 3
    assert "f32" in converted.ran_on


def test_the_card_says_what_trtpose_wants(exported):
    converted, _ = exported
    card = find_model(str(converted.card.weights))
    assert (card.name, card.family, card.stride) == ("trtpose", "paf", 4)
    assert card.topology.name == "trtpose-human"
    assert (card.input.colour, card.input.layout, card.input.multiple) == ("RGB", "NCHW", 32)
    assert card.input.scale == 1 / 255
    assert card.input.mean == (0.485, 0.456, 0.406)
    assert card.input.std == (0.229, 0.224, 0.225)
    assert (card.input.long_side, card.input.fixed_size, card.input.batch) == (224, None, None)
    assert card.licence == "LicenseRef-unknown"
    assert card.source == "net.pth, converted by posestream"


def test_an_exported_network_finds_poses_in_pictures_of_any_size(exported):
    card = exported[0].card
    estimator = SinglePassEstimator(
        BackendPass(load_backend(card, cache=False), PafDecoder(card.topology, stride=card.stride)),
        card.topology,
        rule=card.input.rule(160),
    )
    rng = np.random.default_rng(0)
    for size in ((90, 160), (200, 100)):
        image = HostImage.from_rgb(rng.integers(0, 256, (*size, 3), dtype=np.uint8))
        (poses,) = estimator.estimate([image])
        assert poses.keypoints.shape[1:] == (18, 2)


@pytest.mark.parametrize(("size", "batch", "opset"), [((96, 64), None, 11), (None, 3, 21)])
def test_size_batch_and_version_may_be_fixed(checkpoint: Path, tmp_path: Path, size, batch, opset):
    output = tmp_path / "net.onnx"
    wishes = Wishes(output=output, size=size, batch=batch, opset=opset, licence="MIT")
    export_checkpoint(checkpoint, wishes)
    card = find_model(output)
    assert (card.input.fixed_size, card.input.batch, card.licence) == (size, batch, "MIT")
    assert onnx.load(str(output)).opset_import[0].version == opset
    width, height = size or (32, 64)
    pixels = np.zeros((2 * (batch or 1), height, width, 3), np.uint8)
    for backend in BACKENDS:
        maps = load_backend(card, backend=backend, cache=False).infer(pixels)
        assert maps["confidence_maps"].shape == (len(pixels), 18, height // 4, width // 4)


@pytest.mark.parametrize(
    ("wishes", "options", "error", "message"),
    [
        ({"opset": 5}, {}, ConfigError, "opset: 5 is not allowed; allowed: 11 to 21"),
        ({"size": (100, 64)}, {}, ConfigError, "size: 100x64 .* multiples of 32"),
        ({"batch": 0}, {}, ConfigError, "batch: 0 is not allowed"),
        ({"output": Path("net.pb")}, {}, ConfigError, "output: 'net.pb' .* NAME.onnx"),
        ({}, {"architecture": "resnet18"}, ConfigError, "Did you mean 'resnet18_baseline'"),
        ({}, {"topology": "trtpose"}, ConfigError, "Did you mean 'trtpose-human'"),
        ({}, {"topology": "coco-17"}, ConfigError, "topology: 'coco-17' is not allowed"),
        ({}, {"topology": "openpose-coco"}, ModelError, "another topology"),
        ({}, {"architecture": "densenet121_baseline"}, ModelError, "net.pth: tensor .* is missing"),
    ],
)
def test_a_wrong_wish_is_refused_and_nothing_written(
    checkpoint: Path, tmp_path: Path, monkeypatch, wishes, options, error, message: str
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        export_checkpoint(checkpoint, Wishes(**{"output": Path("net.onnx"), **wishes}), **options)
    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_kept_unless_asked(checkpoint: Path, tmp_path: Path):
    for name in ("net.toml", "net.onnx"):
        (tmp_path / name).write_text("mine")
        with pytest.raises(OutputExistsError, match=rf"{name}: exists; pass --overwrite"):
            export_checkpoint(checkpoint, Wishes(output=tmp_path / "net.onnx"))
        assert (tmp_path / name).read_text() == "mine"
    export_checkpoint(checkpoint, Wishes(output=tmp_path / "net.onnx", overwrite=True))
    verify(find_model(tmp_path / "net.onnx"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.onnx", "net.toml"]


def test_a_missing_checkpoint_is_named(tmp_path: Path):
    with pytest.raises(SourceNotFoundError, match=r"none\.pth: no such file"):
        export_checkpoint(tmp_path / "none.pth", Wishes(output=tmp_path / "net.onnx"))


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    draft = Draft(b"network", list_models()[0])
    with pytest.raises(SinkError, match=r"net\.onnx: cannot be written"):
        draft.write(Wishes(output=tmp_path / "file" / "net.onnx"))
    (tmp_path / "net.onnx").mkdir()
    with pytest.raises(SinkError, match=r"net\.onnx: cannot be written"):
        draft.write(Wishes(output=tmp_path / "net.onnx"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "net.onnx"]


def test_a_written_network_that_says_something_else_is_not_kept(
    checkpoint: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr("posestream.models.exporting.parity.TOLERANCE", 1e-12)
    with pytest.raises(ModelError, match=r"differs from its original by .*Nothing was written"):
        export_checkpoint(checkpoint, Wishes(output=tmp_path / "net.onnx"))
    assert list(tmp_path.iterdir()) == []


def test_without_pytorch_it_says_what_to_install(checkpoint: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[torch\]'"):
        export_checkpoint(checkpoint, Wishes(output=tmp_path / "net.onnx"))

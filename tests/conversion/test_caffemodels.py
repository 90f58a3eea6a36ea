"""From a Caffe model to poses, with weights made up in CMU's layouts; no Caffe, no PyTorch."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from caffe_files import caffemodel, prototxt, random_weights, write_model
from checkpoint_files import MAX_THREADS
from posestream.conversion.caffemodels import import_caffemodel
from posestream.conversion.results import Wishes
from posestream.decoding.paf import PafDecoder
from posestream.errors import (
    ConfigError,
    MissingDependencyError,
    ModelError,
    OutputExistsError,
    SourceNotFoundError,
)
from posestream.estimation.passes import BackendPass
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.images import HostImage
from posestream.inference.loading import load_backend
from posestream.inference.pixels import network_input
from posestream.models.architectures.catalogue import LAYERED, OUTPUTS
from posestream.models.architectures.openpose_layers import openpose_body_25
from posestream.models.caffe.layers import Network
from posestream.models.exporting.parity import TOLERANCE
from posestream.models.registry import find_model, verify

SIZE = (32, 24)


def whole_network(kind) -> Network:
    return kind.network(*kind.architecture.channels(kind.architecture.topology))


BODY_25 = LAYERED[1]


@pytest.fixture(scope="session")
def coco(tmp_path_factory) -> tuple[Path, Path]:
    """A caffemodel and a prototxt of the COCO network."""
    network = whole_network(LAYERED[0])
    return write_model(tmp_path_factory.mktemp("coco"), network, random_weights(network))


@pytest.fixture(scope="session")
def body_25(tmp_path_factory) -> tuple[Path, Path]:
    """A caffemodel and a prototxt of the BODY_25 network."""
    network = whole_network(BODY_25)
    return write_model(tmp_path_factory.mktemp("body_25"), network, random_weights(network))


@pytest.mark.parametrize(
    ("kind", "files"),
    [pytest.param(LAYERED[0], "coco", marks=pytest.mark.slow), (BODY_25, "body_25")],
    ids=["coco", "body-25"],
)
def test_an_import_says_what_the_same_weights_say_in_pytorch(
    request, tmp_path: Path, kind, files: str
):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(MAX_THREADS)
    architecture, output = kind.architecture, tmp_path / "net.onnx"
    model, _ = request.getfixturevalue(files)
    converted = import_caffemodel(model, Wishes(output=output, half=False))
    assert converted.difference <= TOLERANCE
    network = architecture.build(*architecture.channels(architecture.topology)).eval()
    weights = random_weights(whole_network(kind))
    parts = {
        f"{name}.{key}": torch.from_numpy(array)
        for name, arrays in weights.items()
        for key, array in zip(("weight", "bias"), arrays, strict=False)
    }
    network.load_state_dict(parts)
    card = find_model(output)
    pixels = np.random.default_rng(5).integers(0, 256, (1, *SIZE, 3), dtype=np.uint8)
    with torch.inference_mode():
        outputs = network(torch.from_numpy(network_input(card.input, pixels)))
    for backend in ("openvino", "onnxruntime"):
        found = load_backend(card, backend=backend, precision="f32", cache=False).infer(pixels)
        for name, maps in zip(OUTPUTS, outputs, strict=True):
            np.testing.assert_allclose(found[name], maps, atol=TOLERANCE * float(maps.abs().max()))


@pytest.fixture(scope="module")
def imported(body_25, tmp_path_factory) -> Path:
    """The BODY_25 network, imported where there is no PyTorch."""
    output = tmp_path_factory.mktemp("imported") / "body25.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torch", None)
        import_caffemodel(body_25[0], Wishes(output=output))
    return output


def test_with_a_prototxt_it_becomes_the_same_file(body_25, imported: Path, tmp_path: Path):
    model, text = body_25
    said: list[str] = []
    wishes = Wishes(output=tmp_path / "net.onnx")
    converted = import_caffemodel(model, wishes, prototxt=text, tell=said.append)
    assert converted.card.sha256 == find_model(imported).sha256
    assert converted.difference <= TOLERANCE
    assert converted.rounding is not None
    assert 0 < converted.rounding < 0.01
    assert said[0] == "recognised: openpose-body-25, 213 layers with weights"


def test_the_coco_network_is_recognised_and_says_what_caffe_says(coco, tmp_path: Path):
    output = tmp_path / "net.onnx"
    converted = import_caffemodel(coco[0], Wishes(output=output))
    assert (converted.architecture, converted.difference <= TOLERANCE) == ("openpose-coco", True)
    assert find_model(output).topology.name == "openpose-coco"


def test_the_card_says_what_openpose_wants(imported: Path):
    card = find_model(imported)
    verify(card)
    assert (card.name, card.topology.name, card.stride) == ("body25", "openpose-body-25", 8)
    assert (card.input.colour, card.input.scale, card.input.mean) == ("BGR", 1 / 256, (0.5,) * 3)
    assert (card.input.multiple, card.input.long_side) == (8, 656)
    assert card.licence == "LicenseRef-CMU-OpenPose-noncommercial"


def test_an_imported_network_finds_poses_in_pictures_of_any_size(imported: Path):
    card = find_model(imported)
    estimator = SinglePassEstimator(
        BackendPass(load_backend(card, cache=False), PafDecoder(card.topology, stride=card.stride)),
        card.topology,
        rule=card.input.rule(64),
    )
    rng = np.random.default_rng(0)
    image = HostImage.from_rgb(rng.integers(0, 256, (90, 160, 3), dtype=np.uint8))
    (poses,) = estimator.estimate([image])
    assert poses.keypoints.shape[1:] == (25, 2)


def test_size_and_batch_may_be_fixed(body_25, tmp_path: Path):
    output = tmp_path / "net.onnx"
    wishes = Wishes(output=output, size=(40, 24), batch=1, opset=11)
    import_caffemodel(body_25[0], wishes)
    card = find_model(output)
    maps = load_backend(card, cache=False).infer(np.zeros((2, 24, 40, 3), np.uint8))
    assert maps["part_affinity_fields"].shape == (2, 52, 3, 5)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"opset": 30}, "opset: 30 is not allowed; allowed: 11 to 21"),
        ({"size": (41, 24)}, "size: 41x24 .* multiples of 8"),
        ({"output": Path("net.xml")}, "output: 'net.xml' .* NAME.onnx"),
    ],
)
def test_a_wrong_wish_is_refused(body_25, tmp_path: Path, wishes, message: str):
    given = Wishes(**{"output": tmp_path / "net.onnx", **wishes})
    with pytest.raises(ConfigError, match=message):
        import_caffemodel(body_25[0], given)
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_network_are_answered_with_the_nearest(tmp_path: Path):
    path = tmp_path / "net.caffemodel"
    weights = {name: (np.zeros(3, np.float32),) for name in ("conv1_1", "prelu4_2")}
    path.write_bytes(caffemodel(weights))
    message = (
        r"net\.caffemodel: none of openpose-coco, openpose-body-25; the nearest, openpose-coco, "
        "has 91 layers more, the first 'conv1_2'. Give another network's layers with --prototxt"
    )
    with pytest.raises(ModelError, match=message):
        import_caffemodel(path, Wishes(output=tmp_path / "net.onnx"))


def test_a_layer_whose_weights_disagree_is_named_with_both_shapes(tmp_path: Path):
    weights = random_weights(whole_network(BODY_25))
    weights["Mconv7_stage3_L2"] = tuple(array[:50] for array in weights["Mconv7_stage3_L2"])
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffemodel(weights))
    message = (
        r"net\.caffemodel: layer 'Mconv7_stage3_L2': weights of shape \(50, 512, 1, 1\) and \(50,\)"
        r"; expected \(52, 512, 1, 1\) and \(52,\)"
    )
    with pytest.raises(ModelError, match=message):
        import_caffemodel(path, Wishes(output=tmp_path / "net.onnx"))


def test_a_prototxt_with_other_channels_than_the_topology_is_refused(body_25, tmp_path: Path):
    text = tmp_path / "net.prototxt"
    text.write_text(prototxt(openpose_body_25(20, 52)))
    message = r"net\.prototxt: 'Mconv7_stage1_L1' has 20 channels; .*'openpose-body-25' needs 26"
    with pytest.raises(ModelError, match=message):
        import_caffemodel(body_25[0], Wishes(output=tmp_path / "net.onnx"), prototxt=text)


def test_a_prototxt_of_another_network_is_refused(coco, tmp_path: Path):
    network = whole_network(LAYERED[0])
    text = tmp_path / "net.prototxt"
    text.write_text(prototxt(replace(network, layers=network.layers[:20])))
    with pytest.raises(ModelError, match=r"net\.prototxt: has none of the layers .*Mconv7_stage6"):
        import_caffemodel(coco[0], Wishes(output=tmp_path / "net.onnx"), prototxt=text)


def test_missing_and_existing_files_are_named(body_25, tmp_path: Path):
    model, _ = body_25
    output = tmp_path / "net.onnx"
    with pytest.raises(SourceNotFoundError, match=r"none\.caffemodel: no such file"):
        import_caffemodel(tmp_path / "none.caffemodel", Wishes(output=output))
    with pytest.raises(SourceNotFoundError, match=r"none\.prototxt: no such file"):
        import_caffemodel(model, Wishes(output=output), prototxt=tmp_path / "none.prototxt")
    output.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"net\.onnx: exists; pass --overwrite"):
        import_caffemodel(model, Wishes(output=output))
    assert output.read_text() == "mine"


def test_without_onnx_it_says_what_to_install(body_25, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[onnx\]'"):
        import_caffemodel(body_25[0], Wishes(output=tmp_path / "net.onnx"))

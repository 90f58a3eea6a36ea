"""From a Caffe model to poses, with weights made up in CMU's layouts; no Caffe, no PyTorch."""

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
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.images import HostImage
from posestream.inference.loading import load_backend
from posestream.inference.pixels import network_input
from posestream.models.architectures.catalogue import LAYERED, OUTPUTS
from posestream.models.architectures.openpose_layers import openpose_body_25
from posestream.models.caffe.layers import Network
from posestream.models.exporting.parity import TOLERANCE
from posestream.models.registry import find_model, verify

NAMES = [kind.architecture.name for kind in LAYERED]
SIZE = (32, 24)


def whole_network(kind) -> Network:
    return kind.network(*kind.architecture.channels(kind.architecture.topology))


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, tuple[Path, Path]]:
    """A caffemodel and a prototxt of each network."""
    return {
        kind.architecture.name: write_model(
            tmp_path_factory.mktemp(kind.architecture.name),
            whole_network(kind),
            random_weights(whole_network(kind)),
        )
        for kind in LAYERED
    }


@pytest.mark.parametrize("kind", LAYERED, ids=NAMES)
def test_an_import_says_what_the_same_weights_say_in_pytorch(models, tmp_path: Path, kind):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(MAX_THREADS)
    architecture, output = kind.architecture, tmp_path / "net.onnx"
    converted = import_caffemodel(models[architecture.name][0], Wishes(output=output, half=False))
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


@pytest.mark.parametrize("name", NAMES)
def test_with_a_prototxt_it_becomes_the_same_file(models, tmp_path: Path, name: str):
    model, text = models[name]
    said: list[str] = []
    known = import_caffemodel(model, Wishes(output=tmp_path / "a.onnx"), tell=said.append)
    described = import_caffemodel(model, Wishes(output=tmp_path / "b.onnx"), prototxt=text)
    assert known.card.sha256 == described.card.sha256
    assert known.difference <= TOLERANCE
    assert known.rounding is not None
    assert 0 < known.rounding < 0.01
    assert said[0].startswith(f"recognised: {name}, ")


def test_the_card_says_what_openpose_wants(models, tmp_path: Path):
    output = tmp_path / "body25.onnx"
    import_caffemodel(models["openpose-body-25"][0], Wishes(output=output))
    card = find_model(output)
    verify(card)
    assert (card.name, card.topology.name, card.stride) == ("body25", "openpose-body-25", 8)
    assert (card.input.colour, card.input.scale, card.input.mean) == ("BGR", 1 / 256, (0.5,) * 3)
    assert (card.input.multiple, card.input.long_side) == (8, 656)
    assert card.licence == "LicenseRef-CMU-OpenPose-noncommercial"


def test_an_imported_network_finds_poses_in_pictures_of_any_size(models, tmp_path: Path):
    output = tmp_path / "net.onnx"
    import_caffemodel(models["openpose-body-25"][0], Wishes(output=output))
    card = find_model(output)
    estimator = SinglePassEstimator(
        load_backend(card, cache=False),
        PafDecoder(card.topology, stride=card.stride),
        card.topology,
        long_side=64,
        multiple=card.input.multiple,
    )
    rng = np.random.default_rng(0)
    image = HostImage.from_rgb(rng.integers(0, 256, (90, 160, 3), dtype=np.uint8))
    (poses,) = estimator.estimate([image])
    assert poses.keypoints.shape[1:] == (25, 2)


def test_size_and_batch_may_be_fixed(models, tmp_path: Path):
    output = tmp_path / "net.onnx"
    wishes = Wishes(output=output, size=(40, 24), batch=1, opset=11)
    import_caffemodel(models["openpose-body-25"][0], wishes)
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
def test_a_wrong_wish_is_refused(models, tmp_path: Path, wishes, message: str):
    given = Wishes(**{"output": tmp_path / "net.onnx", **wishes})
    with pytest.raises(ConfigError, match=message):
        import_caffemodel(models["openpose-body-25"][0], given)
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


def test_a_layer_whose_weights_disagree_is_named_with_both_shapes(models, tmp_path: Path):
    kind = LAYERED[1]
    weights = random_weights(whole_network(kind))
    weights["Mconv7_stage3_L2"] = tuple(array[:50] for array in weights["Mconv7_stage3_L2"])
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffemodel(weights))
    message = (
        r"net\.caffemodel: layer 'Mconv7_stage3_L2': weights of shape \(50, 512, 1, 1\) and \(50,\)"
        r"; expected \(52, 512, 1, 1\) and \(52,\)"
    )
    with pytest.raises(ModelError, match=message):
        import_caffemodel(path, Wishes(output=tmp_path / "net.onnx"))


def test_a_prototxt_with_other_channels_than_the_topology_is_refused(models, tmp_path: Path):
    text = tmp_path / "net.prototxt"
    text.write_text(prototxt(openpose_body_25(20, 52)))
    message = r"net\.prototxt: 'Mconv7_stage1_L1' has 20 channels; .*'openpose-body-25' needs 26"
    with pytest.raises(ModelError, match=message):
        import_caffemodel(
            models["openpose-body-25"][0], Wishes(output=tmp_path / "net.onnx"), prototxt=text
        )


def test_a_prototxt_of_another_network_is_refused(models, tmp_path: Path):
    network = whole_network(LAYERED[0])
    text = tmp_path / "net.prototxt"
    text.write_text(prototxt(replace(network, layers=network.layers[:20])))
    with pytest.raises(ModelError, match=r"net\.prototxt: has none of the layers .*Mconv7_stage6"):
        import_caffemodel(
            models["openpose-coco"][0], Wishes(output=tmp_path / "net.onnx"), prototxt=text
        )


def test_missing_and_existing_files_are_named(models, tmp_path: Path):
    model = models["openpose-body-25"][0]
    output = tmp_path / "net.onnx"
    with pytest.raises(SourceNotFoundError, match=r"none\.caffemodel: no such file"):
        import_caffemodel(tmp_path / "none.caffemodel", Wishes(output=output))
    with pytest.raises(SourceNotFoundError, match=r"none\.prototxt: no such file"):
        import_caffemodel(model, Wishes(output=output), prototxt=tmp_path / "none.prototxt")
    output.write_text("mine")
    with pytest.raises(OutputExistsError, match=r"net\.onnx: exists; pass --overwrite"):
        import_caffemodel(model, Wishes(output=output))
    assert output.read_text() == "mine"


def test_without_onnx_it_says_what_to_install(models, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'posestream\[onnx\]'"):
        import_caffemodel(models["openpose-body-25"][0], Wishes(output=tmp_path / "net.onnx"))


def test_an_import_needs_no_pytorch(models, tmp_path: Path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    import_caffemodel(models["openpose-body-25"][0], Wishes(output=tmp_path / "net.onnx"))

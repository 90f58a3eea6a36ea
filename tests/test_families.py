"""Every family of networks has a recipe, and settings that do not fit one are refused."""

from pathlib import Path

import pytest

from generated_networks import generated, with_own_card
from posestream.assembly import build_estimator
from posestream.config import estimator_config
from posestream.errors import ConfigError, UnknownModelError
from posestream.families import RECIPES
from posestream.models.card import MEANINGS, SECONDARY_FAMILIES


def built(**options):
    return build_estimator(estimator_config({"backend": "onnxruntime", **options}))


def test_every_family_has_a_recipe():
    assert RECIPES.keys() == MEANINGS.keys() - set(SECONDARY_FAMILIES)


def test_a_one_person_network_gets_the_embedded_detector(tmp_path: Path):
    model = str(generated("rtmpose", tmp_path))
    text = built(model=model, card="rtmpose").description
    assert text.startswith("192x256 per person")
    assert "people found by: up to 2 closer looks" in text


def test_a_one_person_network_looks_at_the_whole_picture_on_request(tmp_path: Path):
    model = str(generated("rtmpose", tmp_path))
    assert built(model=model, card="rtmpose", detector="none").description.startswith("192x256, ")


def test_movenet_for_one_person_looks_at_the_whole_picture_unless_told_otherwise():
    assert built(model="movenet-thunder").description.startswith("256x256, ")
    text = built(model="movenet-thunder", detector="movenet-paf").description
    assert text.startswith("256x256 per person")
    assert "long side 384" in text


def test_any_network_that_finds_people_is_a_detector(tmp_path: Path):
    model = str(generated("vitpose", tmp_path))
    detector = generated("yolo26-pose", tmp_path)
    options = {"model": model, "card": "vitpose", "detector": str(detector)}
    assert "found by: 640x640" in built(**options, detector_card="yolo26-pose").description
    with_own_card(detector, "yolo26-pose")
    assert "found by: 640x640" in built(**options).description


def test_a_detectors_card_needs_a_detector(tmp_path: Path):
    model = str(generated("rtmpose", tmp_path))
    for detector in (None, "none"):
        with pytest.raises(ConfigError, match=r"detector_card: 'rtmo' needs a detector"):
            built(model=model, card="rtmpose", detector=detector, detector_card="rtmo")
    with pytest.raises(ConfigError, match=r"detector_card: 'rtmo' is not allowed with model"):
        built(model="movenet-multipose", detector_card="rtmo")


def test_a_network_for_one_person_finds_nobody_for_another(tmp_path: Path):
    model = str(generated("rtmpose", tmp_path))
    with pytest.raises(ConfigError, match=r"detector: 'movenet-thunder' is not allowed: family"):
        built(model=model, card="rtmpose", detector="movenet-thunder")
    with pytest.raises(UnknownModelError, match=r"'movenet-mutipose'.*Did you mean"):
        built(model=model, card="rtmpose", detector="movenet-mutipose")


def test_a_detector_is_refused_where_the_network_finds_people_itself():
    with pytest.raises(
        ConfigError, match=r"detector: 'movenet-paf' is not allowed with model 'movenet-multipose'"
    ):
        built(model="movenet-multipose", detector="movenet-paf")


def test_a_crop_has_the_networks_size_and_no_other(tmp_path: Path):
    model = str(generated("rtmpose", tmp_path))
    with pytest.raises(ConfigError, match=r"long_side: 320 .* takes 192 x 256 pixels only"):
        built(model=model, card="rtmpose", long_side=320)


def test_a_center_network_of_another_topology_is_not_refined_by_a_body_network(tmp_path: Path):
    source = Path(__file__).parents[1] / "src/posestream/models/movenet-multipose"
    (tmp_path / "model.onnx").write_bytes((source / "model.onnx").read_bytes())
    topology = '[topology]\nname = "own"\nlimbs = []\nkeypoints = ['
    topology += ", ".join(f'"k{k}"' for k in range(17)) + "]\n"
    text = (source / "card.toml").read_text().replace('topology = "coco-17"\n', "")
    (tmp_path / "card.toml").write_text(text + topology)
    assert "refined" in built(model="movenet-multipose", profile="accurate").description
    assert "refined" not in built(model=str(tmp_path), profile="accurate").description

"""Settings and cards become models; what does not fit is named before the first frame."""

from pathlib import Path

import pytest

from posestream.assembly import build_estimator
from posestream.assembly_secondary import build_inspector, build_stream_findings
from posestream.config import EstimatorConfig, secondary_configs
from posestream.errors import ConfigError, ModelError, UnknownModelError
from tiny_secondary import colour_classifier, row_detector

MAIN = EstimatorConfig(backend="onnxruntime")


def built(*given):
    return build_inspector(secondary_configs(given), MAIN)


def test_no_models_need_nothing():
    assert build_inspector((), MAIN) is None
    assert build_stream_findings(()) is None


def test_models_are_called_by_name_and_say_what_runs(tmp_path: Path):
    inspector = built(str(colour_classifier(tmp_path)), str(row_detector(tmp_path, [])))
    assert [model.name for model in inspector.models] == ["shirt", "things"]
    assert "shirt: ONNX Runtime" in inspector.description


@pytest.mark.parametrize(
    ("given", "batches"), [("", 1), (",batch_size=4", 4), (",batch_size=1", 1)]
)
def test_a_batch_size_that_is_given_wins_over_the_cards(tmp_path: Path, given: str, batches: int):
    [model] = built(f"{colour_classifier(tmp_path, batch=1)}{given}").models
    assert model._looker.batch_size == batches


def test_where_a_card_leaves_the_batch_free_people_are_put_together(tmp_path: Path):
    [model] = built(str(colour_classifier(tmp_path))).models
    assert model._looker.batch_size == 8


def test_a_library_of_its_own_wins_over_the_main_models(tmp_path: Path):
    path = colour_classifier(tmp_path)
    assert "shirt: OpenVINO" in built(f"{path},backend=openvino").description


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("", "is empty; allowed: a label per line"),
        ("\n\n", "is empty"),
        (b"\xff\xfe\xff", "cannot read"),
        (None, "cannot read .*nowhere.txt"),
    ],
)
def test_a_labels_file_that_is_none_is_refused(tmp_path: Path, lines, problem: str):
    path, file = colour_classifier(tmp_path), tmp_path / "nowhere.txt"
    if lines is not None:
        file.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    with pytest.raises(ConfigError, match=problem):
        built(f"{path},labels={file}")


def test_a_label_to_keep_must_be_one_of_the_models(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"'shirt': keep: 'bleu' is not .*Did you mean 'blue'"):
        built(f"{colour_classifier(tmp_path)},keep=bleu")
    with pytest.raises(ConfigError, match="It has no labels; give a labels file"):
        built(f"{colour_classifier(tmp_path, labels=[])},keep=blue")


def test_labels_of_a_file_replace_those_of_the_card(tmp_path: Path):
    path, file = colour_classifier(tmp_path), tmp_path / "names.txt"
    file.write_text("\ufeffhome team\naway team\n\n", encoding="utf-8")
    assert built(f"{path},labels={file},keep=home team") is not None


def test_a_network_that_finds_people_is_no_secondary_model():
    with pytest.raises(ModelError, match=r"'movenet-paf': family 'paf' is not .*allowed: classif"):
        built("movenet-paf")


def test_a_secondary_model_finds_no_people(tmp_path: Path):
    path = colour_classifier(tmp_path)
    with pytest.raises(ModelError, match=r"family 'classifier' and finds no people.*--secondary"):
        build_estimator(EstimatorConfig(model=str(path)))


def test_a_model_that_is_not_there_is_named():
    with pytest.raises(UnknownModelError, match=r"nothing\.onnx"):
        built("nothing.onnx")

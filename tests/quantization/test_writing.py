"""What is written is a model like any other, whole, and nothing is replaced unasked."""

import pytest

from posestream.errors import ConfigError, OutputExistsError, SinkError
from posestream.models.registry import find_model, verify
from posestream.quantization.recipes import Trial
from posestream.quantization.writing import check_output, write_model

TRIAL = Trial("somebody, all layers", 3, b"a network", 0.001)


def test_network_and_card_can_be_found_and_verified(card, tmp_path):
    path = tmp_path / "new" / "out.onnx"
    made = write_model(card, TRIAL, path)
    found = find_model(path)
    assert found == made
    verify(found)
    assert (found.name, found.title) == ("small-int8", "A small network, INT8")
    assert found.source == "made up; quantized by posestream (somebody, all layers)"
    assert sorted(file.name for file in path.parent.iterdir()) == ["out.onnx", "out.toml"]


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"out.xml': must end in .onnx"):
        check_output(tmp_path / "out.xml", overwrite=False)


@pytest.mark.parametrize("name", ["out.onnx", "out.toml"])
def test_what_is_there_is_replaced_only_if_asked_for(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputExistsError, match=rf"{name}: exists; pass --overwrite"):
        check_output(tmp_path / "out.onnx", overwrite=False)
    check_output(tmp_path / "out.onnx", overwrite=True)


def test_a_folder_that_cannot_be_made_is_named(card, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SinkError, match=r"out.onnx: cannot be written"):
        write_model(card, TRIAL, tmp_path / "file" / "out.onnx")

from pathlib import Path

import pytest

from posestream.config import load_config, secondary_configs
from posestream.errors import ConfigError

BASE = {"input": "video.mp4", "output": "out"}


def secondary(*given):
    return load_config(None, {**BASE, "secondary": list(given)}).secondary


def test_there_are_none_unless_asked_for():
    assert load_config(None, BASE).secondary == ()


def test_a_text_and_a_mapping_say_the_same():
    text = (
        "net.onnx,card=classifier,on=people,threshold=0.25,min-size=40,interval=0.5s,"
        "keep=a,keep=b c"
    )
    keys = {
        "model": "net.onnx",
        "card": "classifier",
        "on": "people",
        "threshold": 0.25,
        "min_size": 40,
        "interval": "0.5s",
        "keep": ["a", "b c"],
    }
    assert secondary(text) == secondary(keys)


def test_a_settings_file_lists_them(tmp_path: Path):
    file = tmp_path / "run.yaml"
    file.write_text(
        "secondary:\n- model: a.onnx\n  interval: 5\n  labels: names.txt\n- b.onnx,keep=dog\n"
    )
    first, second = load_config(file, BASE).secondary
    assert (first.model, first.interval, first.labels) == ("a.onnx", "5", Path("names.txt"))
    assert (second.model, second.keep) == ("b.onnx", ("dog",))


def test_the_command_line_replaces_the_files_list(tmp_path: Path):
    file = tmp_path / "run.yaml"
    file.write_text("secondary: [a.onnx, b.onnx]\n")
    config = load_config(file, {**BASE, "secondary": ["c.onnx"]})
    assert [one.model for one in config.secondary] == ["c.onnx"]


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ("nets/shirts.onnx", "shirts"),
        ("nets/shirts/card.toml", "shirts"),
        ("nets/shirts.onnx,name=colour", "colour"),
    ],
)
def test_a_model_is_called_after_its_file_unless_named(given: str, called: str):
    [one] = secondary(given)
    assert one.called == called


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["a.onnx,thresold=0.4"], r"secondary.0.thresold: no such.* Did you mean 'threshold'\?"),
        (["a.onnx", {"model": "b", "treshold": 1}], r"secondary.1.treshold: no such setting"),
        (["a.onnx,threshold=1.5"], r"secondary.0.threshold: .*less than or equal to 1, not '1.5'"),
        (["a.onnx,on=peple"], r"secondary.0.on: .*'frame' or 'people', not 'peple'. .*'people'"),
        (["a.onnx,0.4"], r"secondary.0: '0.4' must be KEY=VALUE, as in MODEL,threshold=0.5"),
        (["a.onnx,on=frame,on=people"], r"secondary.0: on is given twice"),
        (["a.onnx,interval=0"], r"secondary.0.interval: must be a number of frames.*, not '0'"),
        (["a.onnx,interval=-1s"], r"secondary.0.interval: must be .*seconds, such as 0.5s"),
        (["a.onnx,interval=0.5"], r"secondary.0.interval"),
        (["a.onnx,interval=0s"], r"secondary.0.interval"),
        (["a.onnx,padding=-1"], r"secondary.0.padding: .*greater than or equal to 0"),
        (["a.onnx,min_size=0"], r"secondary.0.min_size: .*greater than or equal to 1"),
        ([""], r"secondary.0.model: .*at least 1 character"),
        ([{"card": "classifier"}], r"secondary.0.model: Field required"),
        ([3], r"secondary.0: "),
        (["x/a.onnx", "y/a.onnx"], r"secondary: 'a' is the name of more than one"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(given, message: str):
    for check in (lambda: secondary(*given), lambda: secondary_configs(given)):
        with pytest.raises(ConfigError, match=message):
            check()

from pathlib import Path

import pytest

from posestream.config import KEYS, estimator_config, load_config
from posestream.errors import ConfigError

BASE = {"input": "video.mp4", "output": "out"}


def test_only_an_input_and_an_output_are_needed():
    config = load_config(None, BASE)
    assert config.input == "video.mp4"
    assert config.output == Path("out")
    assert config.estimator.model == "movenet-multipose"
    assert config.estimator.profile == "balanced"


def test_flat_keys_find_their_section():
    config = load_config(None, {**BASE, "profile": "fast", "boxes": True, "crf": 30})
    assert config.estimator.profile == "fast"
    assert config.overlay.boxes
    assert config.outputs.crf == 30


def test_what_is_given_directly_wins_over_the_file(tmp_path: Path):
    file = tmp_path / "run.yaml"
    file.write_text("input: a.mp4\noutput: out\nprofile: accurate\ninterval: 3\n")
    config = load_config(file, {"profile": "fast", "interval": None})
    assert (config.estimator.profile, config.interval, config.input) == ("fast", 3, "a.mp4")


def test_sizes_and_colours_are_written_as_people_write_them():
    config = estimator_config({"input_size": "656x368", "input_mean": "0.5, 0.5,0.5"})
    assert config.input_size == (656, 368)
    assert config.input_mean == (0.5, 0.5, 0.5)


def test_no_key_has_two_meanings():
    assert len(set(KEYS)) == len(KEYS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"proflie": "fast"}, r"proflie: no such setting. Did you mean 'profile'\?"),
        ({"qqqq": 1}, r"qqqq: no such setting. Allowed: .*blur_faces.*"),
        ({"profile": "fats"}, r"profile: .*'fast', 'balanced' or 'accurate', not 'fats'. .*'fast'"),
        ({"interval": 0}, "interval: .*greater than or equal to 1, not 0"),
        ({"min_score": 1.5}, "min_score: .*less than or equal to 1, not 1.5"),
        ({"formats": ("xml",)}, "formats.0: .*'jsonl'.*, not 'xml'"),
        ({"start": 5, "end": 5}, "end: 5.0 must be after start: 5.0"),
        ({"input": ""}, "input: .*at least 1 character"),
        ({"input_size": "656"}, "input_size"),
        ({"input_size": "0x8"}, "input_size.0: .*greater than or equal to 8, not '0'"),
        ({"input_std": "1,a,1"}, "input_std.1: .*valid number.* not 'a'"),
        ({"threads": "many"}, "threads: .*valid integer.*not 'many'"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(change: dict[str, object], message: str):
    with pytest.raises(ConfigError, match=message):
        load_config(None, {**BASE, **change})


def test_a_missing_input_is_named():
    with pytest.raises(ConfigError, match="input: not given"):
        load_config(None, {"output": "out"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profile: [fast", "not YAML"),
        ("- a\n- b\n", "must be 'key: value' lines"),
        ("input: !!python/object/apply:os.getcwd []", "not YAML"),
        ("1: 2", "1: no such setting"),
    ],
)
def test_a_config_file_that_is_not_one_is_refused(tmp_path: Path, text: str, message: str):
    file = tmp_path / "run.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(file, BASE)


def test_a_config_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"nothing.yaml': No such file"):
        load_config(tmp_path / "nothing.yaml", BASE)


def test_options_of_an_estimator_are_checked_alone():
    assert estimator_config({"profile": "fast", "threads": None}).profile == "fast"
    with pytest.raises(ConfigError, match="crf: no such setting"):
        estimator_config({"crf": 23})

from pathlib import Path

import pytest

from posestream.config import KEYS, estimator_config, load_config
from posestream.errors import ConfigError

BASE = {"input": "video.mp4", "output": "out"}


def test_only_an_input_and_an_output_are_needed():
    config = load_config(None, BASE)
    assert config.input == ("video.mp4",)
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
    assert (config.estimator.profile, config.stream.interval, config.input) == (
        "fast",
        3,
        ("a.mp4",),
    )


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
        ({"input": ""}, "input.0: .*at least 1 character"),
        ({"input_size": "656"}, "input_size"),
        ({"input_size": "0x8"}, "input_size.0: .*greater than or equal to 8, not '0'"),
        ({"input_std": "1,a,1"}, "input_std.1: .*valid number.* not 'a'"),
        ({"threads": "many"}, "threads: .*valid integer.*not 'many'"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(change: dict[str, object], message: str):
    with pytest.raises(ConfigError, match=message):
        load_config(None, {**BASE, **change})


def test_many_inputs_may_be_given_and_cameras_by_their_number():
    assert load_config(None, {**BASE, "input": ["a.mp4", 0]}).input == ("a.mp4", "0")
    assert load_config(None, {**BASE, "input": 1}).input == ("1",)


def test_named_streams_have_settings_of_their_own_over_the_common_ones():
    streams = {"door": "rtsp://door/live", "yard": {"input": "b.mp4", "interval": 3, "loop": True}}
    config = load_config(None, {"output": "out", "streams": streams, "interval": 2, "timeout": 4})
    door, yard = (config.streams[name].over(config.stream) for name in ("door", "yard"))
    assert config.streams["door"].input == "rtsp://door/live"
    assert (door.interval, door.loop, door.timeout) == (2, False, 4)
    assert (yard.interval, yard.loop, yard.timeout) == (3, True, 4)


def test_a_wrong_setting_of_a_named_stream_is_refused_by_its_place():
    streams = {"yard": {"input": "b.mp4", "intervall": 3}}
    with pytest.raises(ConfigError, match=r"streams.yard.intervall: .*mean 'interval'\?"):
        load_config(None, {**BASE, "streams": streams})


def test_options_of_ffmpeg_are_written_as_people_write_them():
    config = load_config(None, {**BASE, "ffmpeg": "video_size=640x480, framerate=30"})
    assert config.stream.ffmpeg == {"video_size": "640x480", "framerate": "30"}
    assert (
        load_config(None, {**BASE, "ffmpeg": {"framerate": 30}}).stream.ffmpeg["framerate"] == "30"
    )
    with pytest.raises(ConfigError, match="ffmpeg: must be KEY=VALUE pairs"):
        load_config(None, {**BASE, "ffmpeg": "fast"})


@pytest.mark.parametrize(
    ("serve", "address"),
    [
        (8080, ("127.0.0.1", 8080)),
        ("8080", ("127.0.0.1", 8080)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:0", ("::1", 0)),
    ],
)
def test_endpoints_are_for_this_machine_alone_unless_a_host_is_given(serve, address):
    assert load_config(None, {**BASE, "serve": serve}).serving.address == address


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"serve": "here"}, r"serve: must be \[HOST:\]PORT, not 'here'"),
        ({"serve": "70000"}, r"serve: must be \[HOST:\]PORT"),
        ({"serve_token": "short"}, "serve_token: .*at least 8 characters"),
        ({"serve_cert": "a.pem"}, "serve_cert, serve_key: give both or neither"),
        ({"serve_token": "long enough", "serve_token_file": "f"}, "serve_token: not together"),
    ],
)
def test_endpoints_that_cannot_be_are_refused(change: dict[str, object], message: str):
    with pytest.raises(ConfigError, match=message):
        load_config(None, {**BASE, **change})


def test_a_token_is_read_from_its_file_and_shown_to_nobody(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("correct horse\n")
    assert load_config(None, {**BASE, "serve_token_file": file}).serving.token() == "correct horse"
    assert "correct" not in repr(load_config(None, {**BASE, "serve_token": "correct horse"}))
    file.write_text("short")
    with pytest.raises(ConfigError, match="must hold at least 8 characters"):
        load_config(None, {**BASE, "serve_token_file": file}).serving.token()


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

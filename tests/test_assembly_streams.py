from fractions import Fraction
from pathlib import Path

import pytest

from posestream.assembly_streams import input_streams, source_options
from posestream.config import load_config
from posestream.config_streams import StreamConfig
from posestream.errors import ConfigError, SourceError, SourceNotFoundError


def streams_of(**given):
    return input_streams(load_config(None, {"output": "out", **given}))


def test_every_video_of_a_folder_is_a_stream_named_after_its_file(tmp_path: Path):
    for name in ("b2.mp4", "b10.mp4", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert [stream.name for stream in streams_of(input=str(tmp_path))] == ["b2", "b10"]


def test_names_are_unlike_each_other_and_unlike_the_mosaics(tmp_path: Path):
    (tmp_path / "a").mkdir()
    paths = [tmp_path / "door.mp4", tmp_path / "a" / "Door.mp4", tmp_path / "pose_estimation.avi"]
    for path in paths:
        path.write_bytes(b"x")
    names = [stream.name for stream in streams_of(input=[str(path) for path in paths])]
    assert names == ["door", "Door-2", "pose_estimation-2"]


def test_no_name_leads_out_of_the_output_folder():
    streams = streams_of(streams={"../../etc/passwd": "fake:", "/abs": "fake:", "..": "fake:"})
    for stream in streams:
        assert Path("out", f"{stream.name}.mp4").resolve().parent == Path("out").resolve()


def test_passwords_come_from_the_environment_and_stay_out_of_names(monkeypatch):
    monkeypatch.setenv("CAMERA_PASSWORD", "hunter2")
    [stream] = streams_of(input="rtsp://admin:${CAMERA_PASSWORD}@door/live")
    assert "hunter2" not in stream.address
    assert stream.name == "door-live"


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(ConfigError, match="the environment has no variable NOWHERE"):
        streams_of(input="rtsp://${NOWHERE}@door")


@pytest.mark.parametrize(
    ("address", "comes_back"),
    [
        ("rtsp://door/live", True),
        ("http://door/video.mjpg?x=1", True),
        ("https://door/live.m3u8", True),
        ("https://archive/video.mp4", False),
        ("udp://@:5000", True),
        ("fake:64x64@30", False),
    ],
)
def test_cameras_come_back_and_recordings_do_not(address: str, comes_back: bool):
    [stream] = streams_of(input=address)
    assert stream.comes_back is comes_back


def test_what_is_not_there_is_refused_before_anything_begins():
    with pytest.raises(SourceNotFoundError, match=r"nothing\.mp4"):
        streams_of(input=["fake:", "nothing.mp4"])
    with pytest.raises(SourceError, match="smb://"):
        streams_of(input="smb://user:secret@host/share")


def test_settings_become_options_of_the_source():
    options = source_options(StreamConfig(rate=29.97, timeout=3, ffmpeg={"framerate": "30"}))
    assert options.rate == Fraction(2997, 100)
    assert (options.timeout_s, dict(options.ffmpeg)) == (3, {"framerate": "30"})


def test_silence_longer_than_the_timeout_is_a_failure_and_opening_may_take_longer():
    [stream] = streams_of(input="rtsp://door", timeout=4, max_retries=2)
    policy = stream.policy()
    assert (policy.stall_s, policy.opening_s, policy.max_retries) == (4, 9, 2)

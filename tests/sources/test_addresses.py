from pathlib import Path

import pytest

import clips
from posestream.errors import SourceError, SourceNotFoundError
from posestream.sources.addresses import InputKind, expand_inputs, input_kind, lower_scheme
from posestream.sources.opening import open_source


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("video.mp4", InputKind.FILES),
        ("a folder/*.jpg", InputKind.FILES),
        ("C:\\videos\\a.mp4", InputKind.FILES),
        ("camera", InputKind.FILES),
        ("gst", InputKind.FILES),
        ("2024", InputKind.FILES),
        ("door.sdp", InputKind.SDP),
        ("rtsp://u:p@cam/live.sdp", InputKind.RTSP),
        ("RTSPS://cam", InputKind.RTSP),
        ("http://host/live.m3u8", InputKind.HTTP),
        ("https://host/a.mp4", InputKind.HTTP),
        ("udp://@239.1.1.1:1234", InputKind.UDP),
        ("rtp://0.0.0.0:5004", InputKind.RTP),
        ("rtmp://host/app/key", InputKind.RTMP),
        ("srt://host:9000", InputKind.SRT),
        ("0", InputKind.CAMERA),
        ("/dev/video12", InputKind.CAMERA),
        ("/dev/v4l/by-id/usb-cam-index0", InputKind.CAMERA),
        ("camera:0", InputKind.CAMERA),
        ("Camera:FaceTime HD", InputKind.CAMERA),
        ("gst:videotestsrc ! videoconvert", InputKind.GSTREAMER),
        ("fake", InputKind.FAKE),
        ("fake:640x360@30", InputKind.FAKE),
    ],
)
def test_an_input_is_told_by_its_text(text: str, kind: InputKind):
    assert input_kind(text) is kind


@pytest.mark.parametrize("scheme", ["file", "ftp", "tcp", "concat", "data", "ws", "mms"])
def test_other_addresses_are_refused_without_repeating_passwords(scheme: str):
    with pytest.raises(SourceError, match=rf"^{scheme}:// addresses cannot .* rtsp://, ") as caught:
        input_kind(f"{scheme}://root:secret@host/x")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_has_no_end_is_live():
    assert InputKind.RTSP.live
    assert InputKind.CAMERA.live
    assert not InputKind.HTTP.live  # a file or not: known when it is opened
    assert not InputKind.FILES.live


def test_schemes_are_written_small():
    assert lower_scheme("RTSP://Host/Live") == "rtsp://Host/Live"
    assert lower_scheme("a/b") == "a/b"


def test_a_folder_of_videos_becomes_one_input_each_in_natural_order(tmp_path: Path):
    for name in ("take10.mp4", "take9.mkv", "take1.mp4"):
        clips.record(tmp_path / name, frames=1)
    (tmp_path / "notes.txt").write_text("not looked at")
    takes = [str(tmp_path / name) for name in ("take1.mp4", "take9.mkv", "take10.mp4")]
    assert expand_inputs([str(tmp_path)]) == takes
    assert expand_inputs([str(tmp_path / "*1*.mp4")]) == [takes[0], takes[2]]
    assert expand_inputs(["rtsp://u:p@cam/1", takes[1], "0"]) == ["rtsp://u:p@cam/1", takes[1], "0"]


def test_photographs_stay_one_input(tmp_path: Path):
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / name).write_bytes(b"x")
    texts = [str(tmp_path), str(tmp_path / "*.jpg"), str(tmp_path / "1.jpg")]
    assert expand_inputs(texts) == texts


def test_photographs_among_videos_are_refused(tmp_path: Path):
    (tmp_path / "1.jpg").write_bytes(b"x")
    clips.record(tmp_path / "1.mp4", frames=1)
    with pytest.raises(SourceError, match="holds 1 images and 1 videos; give one kind"):
        expand_inputs([str(tmp_path)])


def test_what_is_not_there_is_left_for_the_opening_to_say(tmp_path: Path):
    texts = [str(tmp_path), str(tmp_path / "gone.mp4"), str(tmp_path / "*.mp4")]
    assert expand_inputs(texts) == texts


def test_names_that_no_file_can_have_are_not_found():
    with pytest.raises(SourceNotFoundError, match="no file can be called so"):
        expand_inputs(["a\0b"])
    with pytest.raises(SourceNotFoundError, match="~nobody-here/a: no such file"):
        open_source("~nobody-here/a")
    with pytest.raises(SourceNotFoundError, match="no such file"):
        open_source("a" * 5000)


def test_a_file_of_the_name_of_a_camera_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from posestream.sources.addresses import kind_of_input

    clips.record(tmp_path / "0.mp4", frames=1).rename(tmp_path / "0")
    monkeypatch.chdir(tmp_path)
    assert kind_of_input("0") is InputKind.FILES
    assert kind_of_input("1") is InputKind.CAMERA

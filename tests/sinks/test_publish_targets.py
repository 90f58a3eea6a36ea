from pathlib import Path

import pytest

from posestream.errors import ConfigError
from posestream.sinks.publish_targets import publish_target


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("rtsp://server:8554/yard", "rtsp"),
        ("RTSP://server/yard", "rtsp"),
        ("rtsps://server/yard", "rtsp"),
        ("rtmp://server/app/yard", "flv"),
        ("out/live/index.m3u8", "hls"),
    ],
)
def test_a_target_says_which_container_it_takes(text: str, form: str):
    assert publish_target(text, stream="yard").format == form


def test_the_streams_name_is_one_step_of_the_address_whatever_it_is():
    def address(stream: str) -> str:
        return publish_target("rtsp://server/{stream}", stream=stream).address

    assert address("yard") == "rtsp://server/yard"
    assert address("a/b c") == "rtsp://server/a%2Fb%20c"
    assert address("..") == "rtsp://server/%2E%2E"


@pytest.mark.parametrize("stream", ["..", ".", "a/../../b", "/etc", "a%2f..", "..\\..", "=2E"])
def test_a_playlist_cannot_leave_its_folder_whatever_the_stream_is_called(
    tmp_path: Path, stream: str
):
    target = publish_target(f"{tmp_path}/{{stream}}/index.m3u8", stream=stream)
    assert target.folder is not None
    assert target.folder.resolve().parent == tmp_path.resolve()
    assert "%" not in target.folder.name


def test_different_streams_never_share_a_playlist():
    names = [".", "=2E", "%2E", "a/b", "a=2Fb", "a_b"]
    folders = {publish_target("{stream}/index.m3u8", stream=name).folder for name in names}
    assert len(folders) == len(names)


def test_credentials_are_for_ffmpeg_alone():
    target = publish_target("rtsp://me:hunter2@server/yard", stream="yard")
    assert "hunter2" in target.address
    assert target.shown == "rtsp://***@server/yard"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://me:hunter2@server/yard", "http:// is not one of rtsp://"),
        ("srt://server:9000", "srt:// is not one of"),
        ("file:///etc/passwd", "not one of"),
        ("a%3d/index.m3u8", "takes '%d'"),
        ("live", "neither an address nor a .m3u8 file"),
        ("rtsp:///yard", "names no host"),
        ("rtsp://server:99999/yard", "a port that cannot be"),
    ],
)
def test_what_is_no_target_is_refused_without_its_secrets(text: str, reason: str):
    with pytest.raises(ConfigError, match=reason) as refused:
        publish_target(text, stream="yard")
    assert "hunter2" not in str(refused.value)

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from posestream.sources.names import MAX_LENGTH, safe_name, stream_name, unique_names

TEXTS = st.text() | st.text(alphabet="./\\:*?<>|\"'@-_ aC0oOnN\0\n\u212a\u0301\ufb01")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("video.mp4", "video"),
        ("clips/Entrance 2.mp4", "Entrance-2"),
        ("take[1].mp4", "take-1"),
        ("shots/*.jpg", "shots"),
        ("a/b/..", "b"),
        ("rtsp://u:p@cam1/live/main", "cam1-live-main"),
        ("rtsp://u:p@cam1:554/live?token=x", "cam1-live"),
        ("rtsp://10.0.0.7:8554/", "10.0.0.7-8554"),
        ("rtsp://x/user=admin&password=hidden&channel=1.sdp", "x-user-admin-password-channel-1"),
        ("https://host/videos/gate.m3u8", "host-videos-gate"),
        ("rtsp://[fe80::1]:554/live", "fe80-1-live"),
        ("udp://@239.1.1.1:1234", "239.1.1.1-1234"),
        ("udp://:1234", "1234"),
        ("0", "camera-0"),
        ("/dev/video2", "camera-2"),
        ("camera:FaceTime HD", "camera-FaceTime-HD"),
        ("gst:v4l2src device=/dev/video0 ! decodebin", "gst-v4l2src"),
        ("fake:640x360@30", "fake"),
        ("door.sdp", "door"),
        ("con.mp4", "stream-con"),
        ("Küche.mp4", "Küche"),
    ],
)
def test_a_stream_is_named_after_its_input(text: str, name: str):
    assert stream_name(text) == name


def assert_safe(name: str) -> None:
    assert 0 < len(name) <= MAX_LENGTH
    assert all(c.isalnum() or c in "._-" for c in name)
    assert name[0] not in ".-"
    assert name[-1] not in ".-"
    assert len(name.encode()) <= 200
    assert name.casefold().partition(".")[0] not in {"con", "nul", "aux", "prn", "com1", "lpt9"}
    assert (Path("out") / f"{name}.mp4").resolve().parent == Path("out").resolve()


@given(TEXTS)
@example("..")
@example("~nobody")
@example("NUL")
@example("rtsp://[")
@example("http://h:99999999/")
@example("COM\u00b9.mp4")
def test_no_text_makes_a_name_that_leaves_a_folder(text: str):
    assert_safe(safe_name(text))
    assert_safe(stream_name(text))
    assert_safe(stream_name(f"rtsp://{text}"))
    assert_safe(stream_name(f"gst:{text}"))


@given(
    st.lists(TEXTS | st.sampled_from(["a", "A", "a-2", "Pose_Estimation", "x" * 70]), max_size=9)
)
def test_names_are_unique_whatever_case_a_file_system_keeps(texts: list[str]):
    names = unique_names(texts)
    for name in names:
        assert_safe(name)
    folded = {name.casefold() for name in names}
    assert len(folded) == len(texts)
    assert "pose_estimation" not in folded


def test_the_second_of_a_name_is_numbered():
    assert unique_names(["door", "Door", "door-2", "door"]) == [
        "door",
        "Door-2",
        "door-2-2",
        "door-3",
    ]
    assert unique_names(["pose_estimation"]) == ["pose_estimation-2"]


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=6))
def test_no_password_gets_into_a_name(password: str):
    secret = f"Zq9{password}"
    for text in (f"rtsp://me:{secret}@cam/1", f"rtsp://cam/1?password={secret}"):
        assert secret not in stream_name(text)

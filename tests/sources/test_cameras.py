"""How cameras are named and what is said when they fail; no test here needs a camera."""

import errno

import av.error
import pytest

from posestream.errors import SourceError, SourceNotFoundError
from posestream.sources.cameras import CameraInput, camera_failed, camera_input
from posestream.sources.opening import open_source


@pytest.mark.parametrize(
    ("text", "platform", "expected"),
    [
        ("0", "linux", CameraInput("/dev/video0", "v4l2")),
        ("camera:2", "linux", CameraInput("/dev/video2", "v4l2")),
        ("/dev/video7", "linux", CameraInput("/dev/video7", "v4l2")),
        ("camera:/dev/v4l/by-id/usb-x", "linux", CameraInput("/dev/v4l/by-id/usb-x", "v4l2")),
        ("1", "darwin", CameraInput("1:none", "avfoundation")),
        (
            "Camera:FaceTime HD Camera",
            "darwin",
            CameraInput("FaceTime HD Camera:none", "avfoundation"),
        ),
        ("camera:Integrated Webcam", "win32", CameraInput("video=Integrated Webcam", "dshow")),
    ],
)
def test_a_camera_is_called_what_the_system_calls_it(
    text: str, platform: str, expected: CameraInput
):
    assert camera_input(text, platform=platform) == expected


def test_windows_cameras_are_numbered_in_their_order(monkeypatch: pytest.MonkeyPatch):
    class Found:
        def __init__(self, description: str, *media: str) -> None:
            self.description, self.media_types = description, list(media)

    found = [Found("Microphone", "audio"), Found("Front", "video"), Found("Back", "video")]
    monkeypatch.setattr("av.enumerate_input_devices", lambda form: found)
    assert camera_input("1", platform="win32").device == "video=Back"
    with pytest.raises(SourceNotFoundError, match="2: no such camera; there are Front, Back"):
        camera_input("2", platform="win32")


def test_what_is_no_camera_is_refused():
    with pytest.raises(SourceError, match="must be a number or a device such as /dev/video0"):
        camera_input("camera:front", platform="linux")
    with pytest.raises(SourceError, match="give the camera's number or name"):
        camera_input("camera:", platform="linux")
    with pytest.raises(SourceError, match="cameras cannot be read on aix"):
        camera_input("0", platform="aix")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.ENODEV, "no such camera, or it was unplugged; there"),
        (errno.EACCES, "no permission to use the camera"),
        (errno.EBUSY, "another program is using the camera"),
        (errno.ENOTTY, "is no camera"),
        (errno.EINVAL, "size, rate or pixel format may be ones that it does not have"),
        (errno.ENOMEM, "the camera failed"),
    ],
)
def test_failures_are_said_in_words(number: int, message: str):
    error = camera_failed(av.error.FFmpegError(number, "as FFmpeg says"), "0")
    assert str(error).startswith(f"0: {message}")


def test_a_camera_that_is_not_there_is_not_found():
    with pytest.raises(SourceNotFoundError, match=r"/dev/video98: no such camera.*there "):
        open_source("/dev/video98")

"""Open the cameras of this machine: V4L2 on Linux, AVFoundation on macOS, DirectShow on Windows."""

from __future__ import annotations

import errno
import glob
import re
import sys
from dataclasses import dataclass

import av
from av.container import InputContainer
from av.error import FFmpegError

from posestream.containers import MAX_PIXELS
from posestream.errors import SourceError, SourceNotFoundError
from posestream.sources.options import SourceOptions

_FORMATS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
_HINT = "size, rate or pixel format may be ones that it does not have"


@dataclass(frozen=True, slots=True)
class CameraInput:
    """What FFmpeg is to open for a camera."""

    device: str
    """The device as FFmpeg's format calls it."""
    format: str
    """FFmpeg's input format."""


def camera_input(text: str, *, platform: str = sys.platform) -> CameraInput:
    """Translate ``0``, ``/dev/video0``, ``camera:0`` or ``camera:NAME`` for this system.

    Args:
        text: The input.
        platform: Whose way to name cameras; as in ``sys.platform``.

    Raises:
        SourceNotFoundError: If there is no camera of that number (Windows).
        SourceError: If FFmpeg has no cameras on this system, or the name is none.
    """
    form = _FORMATS.get(platform)
    if form is None:
        raise SourceError(f"{text}: cameras cannot be read on {platform}")
    device = re.sub("^camera:", "", text, flags=re.IGNORECASE).strip()
    if not device:
        raise SourceError(f"{text}: give the camera's number or name, as in camera:0")
    if form == "v4l2":
        if not device.isdecimal() and not device.startswith("/dev/"):
            raise SourceError(f"{text}: must be a number or a device such as /dev/video0")
        return CameraInput(f"/dev/video{device}" if device.isdecimal() else device, form)
    device = re.sub(r"^/dev/video(?=\d+$)", "", device)
    if form == "avfoundation":
        return CameraInput(f"{device}:none", form)  # no microphone
    return CameraInput(f"video={_named(text, device)}", form)


def open_camera(text: str, *, options: SourceOptions) -> InputContainer:
    """Open a camera for demuxing.

    ``options.ffmpeg`` may ask for a ``video_size``, ``framerate`` or ``input_format``.

    Raises:
        SourceNotFoundError: If there is no such camera; the message lists those that there are.
        SourceError: If it may not be used, is in use, or cannot do what is asked.
    """
    camera = camera_input(text)
    try:
        return av.open(
            camera.device,
            format=camera.format,
            options={"max_pixels": str(MAX_PIXELS)},
            container_options=dict(options.ffmpeg),
            timeout=(options.timeout_s, options.timeout_s),
        )
    except FFmpegError as error:
        raise camera_failed(error, text) from error
    except ValueError as error:
        raise SourceError(f"{text}: this build of FFmpeg reads no cameras ({error})") from error


def camera_failed(error: FFmpegError, text: str) -> SourceError:
    """Return the error to raise for one of FFmpeg's, in plain words."""
    if error.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return SourceNotFoundError(f"{text}: no such camera, or it was unplugged; {_present()}")
    if error.errno in (errno.EACCES, errno.EPERM):
        hint = "allow it in the system's settings"
        if sys.platform.startswith("linux"):
            hint = "be in the group 'video' ('sudo usermod -aG video $USER', then log in again)"
        return SourceError(f"{text}: no permission to use the camera; {hint}")
    if error.errno == errno.EBUSY:
        return SourceError(f"{text}: another program is using the camera")
    if error.errno == errno.ENOTTY:
        return SourceError(f"{text}: is no camera")
    if error.errno in (errno.EINVAL, errno.EIO):
        return SourceError(f"{text}: {_HINT} ({error.strerror})")
    return SourceError(f"{text}: the camera failed ({error.strerror})")


def _present() -> str:
    devices = sorted(glob.glob("/dev/video*"))
    return f"there are {', '.join(devices)}" if devices else "there is none on this machine"


def _named(text: str, device: str) -> str:
    """Return DirectShow's name of the n-th camera; a name is one already."""
    if not device.isdecimal():
        return device
    cameras = [
        info.description
        for info in av.enumerate_input_devices("dshow")
        if "video" in info.media_types
    ]
    if int(device) < len(cameras):
        return cameras[int(device)]
    found = f"there are {', '.join(cameras)}" if cameras else "there is none on this machine"
    raise SourceNotFoundError(f"{text}: no such camera; {found}")

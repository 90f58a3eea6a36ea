"""Tell from its text what kind of input is meant."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import Enum

from posestream.errors import SourceError
from posestream.sources.files import expanded, find_files, refuse_mixed


class InputKind(Enum):
    """What an input is, as far as its text tells."""

    FILES = "files"
    """A file, a folder, or a pattern of files."""
    SDP = "sdp"
    """A local file that describes an RTP stream."""
    RTSP = "rtsp"
    """An RTSP server."""
    HTTP = "http"
    """A file, playlist or endless answer of a web server."""
    UDP = "udp"
    """MPEG-TS, or what FFmpeg finds, in datagrams."""
    RTP = "rtp"
    """RTP without a description: only payloads with a fixed number, such as MPEG-TS."""
    RTMP = "rtmp"
    """An RTMP server."""
    SRT = "srt"
    """An SRT peer, if this FFmpeg has libsrt."""
    CAMERA = "camera"
    """A camera of this machine."""
    GSTREAMER = "gstreamer"
    """A GStreamer pipeline."""
    FAKE = "fake"
    """Generated pictures."""

    @property
    def live(self) -> bool:
        """Whether such an input has no end by its nature."""
        return self in _LIVE


_LIVE = {
    *(InputKind.SDP, InputKind.RTSP, InputKind.UDP, InputKind.RTP),
    *(InputKind.RTMP, InputKind.SRT, InputKind.CAMERA),
}
_SCHEMES = {
    "rtsp": InputKind.RTSP,
    "rtsps": InputKind.RTSP,
    "http": InputKind.HTTP,
    "https": InputKind.HTTP,
    "udp": InputKind.UDP,
    "rtp": InputKind.RTP,
    "rtmp": InputKind.RTMP,
    "rtmps": InputKind.RTMP,
    "srt": InputKind.SRT,
}
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_PREFIXES = {"gst": InputKind.GSTREAMER, "fake": InputKind.FAKE, "camera": InputKind.CAMERA}
_PREFIX = re.compile(rf"({'|'.join(_PREFIXES)})(?=:|$)", re.IGNORECASE)
_CAMERA = re.compile(r"\d{1,2}$|/dev/(?:video\d+$|v4l/)")


def input_kind(text: str) -> InputKind:
    """Classify the text of an input; nothing is opened or looked up.

    Raises:
        SourceError: If it is an address of a kind that cannot be opened.
    """
    if scheme := _SCHEME.match(text):
        kind = _SCHEMES.get(scheme[1].lower())
        if kind is None:
            # The address itself may hold a password and is never repeated.
            allowed = ", ".join(f"{name}://" for name in _SCHEMES)
            raise SourceError(
                f"{scheme[1]}:// addresses cannot be opened; allowed are {allowed}, "
                "and files by their path"
            )
        return kind
    if _CAMERA.match(text):
        return InputKind.CAMERA
    if prefix := _PREFIX.match(text):
        only_a_word = prefix.end() == len(text) and prefix[1].lower() != "fake"
        return InputKind.FILES if only_a_word else _PREFIXES[prefix[1].lower()]
    return InputKind.SDP if text.lower().endswith(".sdp") else InputKind.FILES


def kind_of_input(text: str) -> InputKind:
    """Classify an input, where a file that exists is a file whatever it is called.

    Raises:
        SourceError: If it is an address of a kind that cannot be opened.
    """
    if _SCHEME.match(text):
        return input_kind(text)
    path = expanded(text)
    if os.path.isdir(path) or os.path.isfile(path):
        return InputKind.SDP if path.suffix.lower() == ".sdp" else InputKind.FILES
    return input_kind(text)


def lower_scheme(address: str) -> str:
    """Return an address with its scheme in lower case, the only way that FFmpeg knows it."""
    scheme = _SCHEME.match(address)
    return scheme[1].lower() + address[scheme.end(1) :] if scheme else address


def expand_inputs(texts: Iterable[str]) -> list[str]:
    """Replace each folder or pattern that holds several videos by these videos, in natural order.

    Photographs stay one input. What is not there stays as well, for `open_source` to say so.

    Raises:
        SourceError: If a folder or pattern holds photographs and videos, or a kind of address
            cannot be opened.
    """
    expanded: list[str] = []
    for text in texts:
        if kind_of_input(text) is not InputKind.FILES:
            expanded.append(text)
            continue
        found = find_files(text, missing_ok=True)
        refuse_mixed(text, found)
        expanded += [str(video) for video in found.videos] or [text]
    return expanded

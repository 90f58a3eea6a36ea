"""Where annotated frames can be published live, and how FFmpeg is told so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from posestream.credentials import redacted
from posestream.errors import ConfigError

STREAM_FIELD = "{stream}"
"""Stands for the stream's name in an address."""
PLAYLIST_SUFFIX = ".m3u8"
"""What makes a file HLS: a playlist in a folder."""
SEGMENT_S = 2
"""Seconds between key frames, and the length of HLS' segments."""

_PATIENCE_S = 3
_KEPT_SEGMENTS = 6
_NETWORK: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "rtsp": ("rtsp", {"rtsp_transport": "tcp", "timeout": str(_PATIENCE_S * 10**6)}),
    "rtsps": ("rtsp", {"rtsp_transport": "tcp", "timeout": str(_PATIENCE_S * 10**6)}),
    "rtmp": ("flv", {"flvflags": "no_duration_filesize"}),
    "rtmps": ("flv", {"flvflags": "no_duration_filesize"}),
}


@dataclass(frozen=True, slots=True)
class PublishTarget:
    """One place to publish to."""

    address: str
    """What FFmpeg opens; may hold credentials."""
    format: str
    """FFmpeg's name of the container."""
    options: Mapping[str, str]
    """FFmpeg's options of container and protocol."""
    folder: Path | None = None
    """Folder of an HLS playlist and its segments; ``None`` for a server."""

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        return redacted(self.address)


def publish_target(text: str, *, stream: str) -> PublishTarget:
    """Understand where to publish a stream.

    Args:
        text: An address ``rtsp://``, ``rtsps://``, ``rtmp://`` or ``rtmps://`` of a server
            that takes publishers, or a file ``FOLDER/NAME.m3u8`` for HLS. ``{stream}``
            in it stands for the stream's name, which cannot lead out of its place.
        stream: The stream's name.

    Raises:
        ConfigError: If the text is neither, or has no host.
    """
    scheme, separator, _ = text.partition("://")
    place = text.replace(STREAM_FIELD, _one_step(stream, escape="%" if separator else "="))
    if not separator:
        if text.endswith(PLAYLIST_SUFFIX):
            return _playlist(Path(place))
        raise ConfigError(f"publish: {text!r} is neither an address nor a {PLAYLIST_SUFFIX} file")
    if scheme.lower() not in _NETWORK:
        allowed = ", ".join(f"{name}://" for name in _NETWORK)
        raise ConfigError(
            f"publish: {redacted(text)!r}: {scheme}:// is not one of {allowed}, "
            f"or a {PLAYLIST_SUFFIX} file"
        )
    if not _has_host(place):
        raise ConfigError(f"publish: {redacted(text)!r} names no host, or a port that cannot be")
    form, options = _NETWORK[scheme.lower()]
    return PublishTarget(scheme.lower() + place[len(scheme) :], form, options)


def _has_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _one_step(stream: str, *, escape: str) -> str:
    """Return a stream's name as exactly one step of a path, whatever it is called.

    Args:
        stream: The name.
        escape: What stands before the code of an odd character.
    """
    name = quote(stream, safe="")
    if set(name) <= {"."}:
        name = name.replace(".", "%2E")
    return name.replace("%", escape)


def _playlist(path: Path) -> PublishTarget:
    if re.search(r"%\d*d", str(path.parent)):
        raise ConfigError(f"publish: {path}: FFmpeg takes '%d' in a folder's name for a number")
    options = {
        "hls_time": str(SEGMENT_S),
        "hls_list_size": str(_KEPT_SEGMENTS),
        "hls_flags": "delete_segments+independent_segments+temp_file",
        "hls_segment_filename": f"{path.parent}/segment%d.ts",
        # Numbers that no earlier run had, so that no cache shows an old segment as a new one.
        "hls_start_number_source": "epoch",
    }
    return PublishTarget(f"file:{path}", "hls", options, path.parent)

"""Open a network input within a time limit."""

from __future__ import annotations

import os
import socket
import threading
import time
from urllib.parse import urlsplit

import av
from av.container import InputContainer
from av.error import FFmpegError

from posestream.containers import MAX_PIXELS, check_regular_file
from posestream.credentials import redacted, with_secrets
from posestream.errors import SourceError
from posestream.sources.addresses import InputKind, lower_scheme
from posestream.sources.diagnosis import diagnosis
from posestream.sources.files import expanded
from posestream.sources.input_options import input_options
from posestream.sources.options import SourceOptions

_WITH_HOST = {InputKind.RTSP, InputKind.HTTP, InputKind.RTMP, InputKind.SRT}
_PROXIES = ("http_proxy", "HTTP_PROXY")


def connect(address: str, *, kind: InputKind, options: SourceOptions) -> InputContainer:
    """Open a network address, or a local SDP file, for demuxing.

    Finding the host, connecting, and finding out what comes may take ``options.timeout_s`` each.

    Raises:
        SourceNotFoundError: If the server knows nothing of that name.
        ConfigError: If it names a variable that the environment lacks.
        SourceError: If it cannot be opened; the message says why, without passwords.
    """
    if kind is InputKind.SDP:
        path = expanded(address)
        check_regular_file(path)
        url = f"file:{path}"
    else:
        url = lower_scheme(with_secrets(address, in_address=True))
        _check_characters(url, address)
        if kind in _WITH_HOST:
            _check_host(url, options)
    timeout_s = options.timeout_s
    begun = time.monotonic()
    try:
        return av.open(
            url,
            options={"max_pixels": str(MAX_PIXELS)},
            container_options=input_options(kind, options),
            timeout=(timeout_s, timeout_s),
            metadata_errors="replace",
        )
    except FFmpegError as error:
        raise diagnosis(
            error,
            address=address,
            kind=kind,
            elapsed_s=time.monotonic() - begun,
            timeout_s=timeout_s,
            opening=True,
        ) from None


def _check_characters(url: str, address: str) -> None:
    if any(ord(character) < 32 or ord(character) == 127 for character in url):
        raise SourceError(f"{redacted(address)!r}: an address holds no control characters")


def _check_host(url: str, options: SourceOptions) -> None:
    """Find the host first: FFmpeg does not say that it is unknown, and waits without limit."""
    label = redacted(url)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SourceError(f"{label}: is no proper address ({error})") from None
    if not host:
        raise SourceError(f"{label}: is no proper address (it names no host)")
    if "http_proxy" in options.ffmpeg or any(map(os.environ.get, _PROXIES)):
        return  # the proxy finds it
    answers: list[str | None] = []

    def look_up() -> None:
        try:
            socket.getaddrinfo(host, port)
            answers.append(None)
        except (OSError, UnicodeError) as error:
            answers.append(getattr(error, "strerror", None) or str(error))

    # No look-up can be interrupted: one without an answer is left to end by itself.
    thread = threading.Thread(target=look_up, daemon=True, name="look-up")
    thread.start()
    thread.join(options.timeout_s)
    if not answers:
        raise SourceError(f"{label}: timeout; host {host} not found in {options.timeout_s:g} s")
    if answers[0] is not None:
        raise SourceError(f"{label}: host {host} not found ({answers[0]})")

"""Say in plain words why a network input cannot be opened or read."""

from __future__ import annotations

import errno
from urllib.parse import urlsplit

import av.error
from av.error import FFmpegError

from posestream.credentials import redacted
from posestream.errors import SourceError, SourceNotFoundError, SourceRefusedError
from posestream.sources.addresses import InputKind

_ALMOST = 0.95  # a socket's own timeout may come a little before ours
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_SECURE = ("https://", "rtsps://", "rtmps://")
_CUT = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ENOTCONN}


def diagnosis(
    error: FFmpegError,
    *,
    address: str,
    kind: InputKind,
    elapsed_s: float,
    timeout_s: float,
    opening: bool,
) -> SourceError:
    """Return the error to raise for one of FFmpeg's; it repeats no password.

    Raise it ``from None``: FFmpeg's own error holds the whole address.

    Args:
        error: What FFmpeg says.
        address: What was opened.
        kind: What the address is.
        elapsed_s: How long the step took that failed.
        timeout_s: How long it may take.
        opening: Whether it failed while opening; otherwise while reading.
    """
    label = redacted(address)
    if isinstance(error, av.error.HTTPNotFoundError):
        return SourceNotFoundError(f"{label}: the server has nothing there (404 not found)")
    why = _server_says(error, address)
    if why is None and _is_timeout(error, elapsed_s, timeout_s):
        what = "the connection or first data" if opening else "more data"
        why = f"timeout; waited {timeout_s:g} s for {what}"
    if why is None:
        why = _connection(error, opening) or (_opening(error, kind, address) if opening else None)
    if why is None:
        why = f"{'opening' if opening else 'reading'} failed ({error.strerror})"
    refused = isinstance(error, (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError))
    return (SourceRefusedError if refused else SourceError)(f"{label}: {why}")


def _server_says(error: FFmpegError, address: str) -> str | None:
    if isinstance(error, av.error.HTTPUnauthorizedError):
        if "@" in urlsplit(address).netloc:
            return "wrong user or password (401 unauthorized)"
        return "asks for a user and a password (401 unauthorized)"
    if isinstance(error, av.error.HTTPForbiddenError):
        return "the server does not allow it (403 forbidden)"
    if isinstance(error, av.error.HTTPError):
        return f"the server refuses it ({error.strerror})"
    return None


def _is_timeout(error: FFmpegError, elapsed_s: float, timeout_s: float) -> bool:
    if isinstance(error, (av.error.ExitError, av.error.TimeoutError)):
        return True
    # Where the limit falls in the middle of a handshake, FFmpeg names what it did not get.
    vague = error.errno == errno.EIO or isinstance(error, av.error.InvalidDataError)
    return vague and elapsed_s >= _ALMOST * timeout_s


def _connection(error: FFmpegError, opening: bool) -> str | None:
    if error.errno == errno.ECONNREFUSED:
        return "the connection was refused; nothing listens there"
    if error.errno in _UNREACHABLE:
        return f"the host cannot be reached ({error.strerror})"
    if error.errno in _CUT:
        return "the connection was cut"
    if error.errno == errno.EIO and not opening:
        return "the connection broke off"
    return None


def _opening(error: FFmpegError, kind: InputKind, address: str) -> str | None:
    if isinstance(error, av.error.ProtocolNotFoundError):
        return (
            f"this build of FFmpeg cannot open {kind.value}:// addresses; "
            "GStreamer may, as in 'gst:srtsrc uri=... ! decodebin'"
        )
    if error.errno == errno.EIO and address.lower().startswith(_SECURE):
        return "no secure connection; the certificate is not trusted, or the answer broke off"
    if kind is not InputKind.HTTP:
        return None if error.errno == errno.EIO else f"sends no video ({error.strerror})"
    if error.errno == errno.EIO:
        return "the answer broke off, or led from one address to the next without end"
    # FFmpeg's text would be no help: "Invalid data", "Invalid argument", "Operation not permitted".
    return (
        "is no video that can be read; a playlist or a redirect may only lead to "
        "http:// and https:// addresses"
    )

"""What every request to the status server must pass, and what every answer carries."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from posestream.serving.exposure import is_loopback

Message = MutableMapping[str, Any]
"""What travels between server and application in ASGI."""
Receive = Callable[[], Awaitable[Message]]
"""Gives the application the next message."""
Send = Callable[[Message], Awaitable[None]]
"""Takes a message of the application."""
Application = Callable[[Message, Receive, Send], Awaitable[None]]
"""An ASGI application."""

OPEN_PATH = "/healthz"
"""The one path that needs no token, and tells nothing but that somebody answers."""

_METHODS = ("GET", "HEAD")
_CHALLENGE = (b"www-authenticate", b'Basic realm="posestream", charset="UTF-8"')
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class Guard:
    """Lets requests through to an application that come from where they should.

    On a loopback address, only the names of loopback are answered to: otherwise a web page could
    point its own name at this machine and read the pictures in its visitor's browser.

    Args:
        application: What answers.
        host: Address that is listened on.
        token: What must be shown, as ``Authorization: Bearer`` or as the password of HTTP Basic.
    """

    def __init__(self, application: Application, *, host: str, token: str | None) -> None:
        self._application = application
        self._loopback_only = is_loopback(host)
        self._digest = _digest(token.encode()) if token is not None else None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._application(scope, receive, send_with_headers)
        else:
            status, reason, headers = refusal
            await send_json(send_with_headers, status, {"error": reason}, headers=headers)

    def _refusal(self, scope: Message) -> tuple[int, str, list[tuple[bytes, bytes]]] | None:
        if self._loopback_only and not is_loopback(_host_name(_header(scope, b"host"))):
            return 400, "this host is not served here", []
        if scope["method"] not in _METHODS:
            return 405, "only GET and HEAD", [(b"allow", ", ".join(_METHODS).encode())]
        if scope["path"] == OPEN_PATH or self._allowed(_header(scope, b"authorization")):
            return None
        return 401, "a token is needed", [_CHALLENGE]

    def _allowed(self, authorization: bytes) -> bool:
        if self._digest is None:
            return True
        shown = _digest(_shown_token(authorization))
        return secrets.compare_digest(shown, self._digest)


async def send_json(
    send: Send,
    status: int,
    content: object,
    *,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Send a whole JSON answer."""
    body = json.dumps(content).encode()
    start = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send(
        {"type": "http.response.start", "status": status, "headers": [*start, *headers]},
    )
    await send({"type": "http.response.body", "body": body})


def _header(scope: Message, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _host_name(header: bytes) -> str:
    """Return the host of a ``Host`` header without its port."""
    host = header.decode("latin-1").strip()
    if host.startswith("["):
        return host.partition("]")[0].strip("[]")
    return host.partition(":")[0]


def _shown_token(authorization: bytes) -> bytes:
    """Return the token in an ``Authorization`` header; empty if there is none.

    Source:
        RFC 6750, section 2.1; RFC 7617, section 2.
    """
    scheme, _, value = authorization.strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip()
    if scheme.lower() != b"basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


def _digest(token: bytes) -> bytes:
    """Make tokens of any length equally long to compare."""
    return hashlib.sha256(token).digest()

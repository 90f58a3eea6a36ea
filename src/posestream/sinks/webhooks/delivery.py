"""One attempt to hand something to an HTTP server."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from posestream.sinks.webhooks.address import WebhookAddress
from posestream.sinks.webhooks.retrying import retry_after_s

_MAX_ANSWER_BYTES = 65_536
_ANSWER_S = 1.0
_WORTH_RETRYING = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt went."""

    delivered: bool
    """Whether the server took it."""
    retry: bool = False
    """Whether another attempt may succeed."""
    reason: str = ""
    """What went wrong, for people; holds nothing of what the server wrote."""
    wait_s: float | None = None
    """How long the server asks to be left alone, seconds."""


def post(
    address: WebhookAddress,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
) -> Attempt:
    """Send a body; wait for the head of the answer, and follow no redirect.

    A connection of its own for each attempt, straight to the server: proxies of the environment are
    not used. Of the answer only the status counts; at most 64 KiB of it are read.

    Args:
        address: The server.
        body: What to send.
        headers: Besides those that HTTP needs.
        timeout_s: For all of it after the host's name was looked up, seconds.
        tls: How servers are trusted; by default as the system does. For ``https`` only.
    """
    connection, was_cut = http.client.HTTPConnection(address.host, address.port), threading.Event()
    try:
        with _cut_off(connection, timeout_s, was_cut):
            _connect(connection, address, timeout_s, tls)
            connection.request("POST", address.target, body, {"Host": address.authority, **headers})
            with connection.getresponse() as answer:
                if was_cut.is_set():  # what came until then may look like a whole head
                    raise TimeoutError
                attempt = _judged(answer.status, answer.getheader("Retry-After"))
                _read_some(connection, answer)
                return attempt
    except ssl.SSLCertVerificationError as error:
        return Attempt(False, True, f"its certificate is not trusted: {error.verify_message}")
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        if was_cut.is_set() or isinstance(error, TimeoutError):
            return Attempt(False, True, f"no answer within {timeout_s:g} s")
        return Attempt(False, True, _diagnosis(error))
    finally:
        connection.close()


def _connect(
    connection: http.client.HTTPConnection,
    address: WebhookAddress,
    timeout_s: float,
    tls: ssl.SSLContext | None,
) -> None:
    """Connect step by step, so that at each there is a socket to cut off."""
    connection.sock = socket.create_connection((address.host, address.port), timeout_s)
    if address.encrypted:
        wrapped = (tls or ssl.create_default_context()).wrap_socket(
            connection.sock, server_hostname=address.host, do_handshake_on_connect=False
        )
        connection.sock = wrapped
        wrapped.do_handshake()


@contextlib.contextmanager
def _cut_off(
    connection: http.client.HTTPConnection, timeout_s: float, was_cut: threading.Event
) -> Iterator[None]:
    """Cut the connection when the time is up: timeouts of sockets begin again with every byte."""

    def cut() -> None:
        was_cut.set()
        if connection.sock is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket's own, which takes the ground away from under the reading thread.
                socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    timer = threading.Timer(timeout_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read_some(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
    """Read a short answer, so that the server does not find itself hung up on."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        if connection.sock is not None:
            connection.sock.settimeout(_ANSWER_S)
        answer.read(_MAX_ANSWER_BYTES)


def _judged(status: int, retry_after: str | None) -> Attempt:
    if 200 <= status < 300:
        return Attempt(True)
    if 300 <= status < 400:
        return Attempt(False, False, f"it answers {status}, a redirect, which is not followed")
    retry = status in _WORTH_RETRYING or status >= 500
    wait_s = retry_after_s(retry_after) if retry else None
    return Attempt(False, retry, f"it answers {status}", wait_s)


def _diagnosis(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "it hung up"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return f"its answer is no HTTP ({type(error).__name__})"

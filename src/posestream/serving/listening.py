"""Take the address to serve at, or say why that cannot be."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from pathlib import Path

from posestream.errors import ServeError

_BACKLOG = 128
_REASONS = {
    errno.EADDRINUSE: "another program listens there; choose another port, or 0 for any",
    errno.EACCES: "no permission; ports under 1024 need a privilege, choose a higher one",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def open_listener(host: str, port: int) -> socket.socket:
    """Listen at an address.

    Args:
        host: Name or address of a network interface; empty for all of IPv4.
        port: Port number; 0 for any that is free.

    Raises:
        ServeError: If that cannot be; the message says why.
    """
    place = f"serve: {host or '0.0.0.0'}:{port}"
    if not 0 <= port <= 65535:
        raise ServeError(f"{place}: the port is not between 0 and 65535")
    try:
        found = socket.getaddrinfo(
            host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError):
        raise ServeError(f"{place}: no such host") from None
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = _REASONS.get(error.errno or 0, error.strerror)
        raise ServeError(f"{place}: {reason}") from error
    return listener


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Make sure that a certificate and its key can be served with; both may be missing.

    Raises:
        ServeError: If one is missing, cannot be read, or they do not belong together.
    """
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        missing = "serve_cert" if certificate is None else "serve_key"
        raise ServeError(f"{missing}: a certificate and its key are needed together")
    for name, path in (("serve_cert", certificate), ("serve_key", key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ServeError(f"{name}: {path}: cannot be read ({error.strerror})") from error
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key, password="")  # or it would ask on the terminal
    except (ssl.SSLError, ValueError) as error:
        raise ServeError(
            f"serve_cert: {certificate} and {key} are not a PEM certificate and its own "
            "unencrypted key"
        ) from error

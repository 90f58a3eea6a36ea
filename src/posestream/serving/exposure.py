"""Who can reach the status server, and what is wrong with that."""

from __future__ import annotations

import ipaddress

_LOOPBACK_NAMES = {"localhost", "ip6-localhost", "ip6-loopback"}
_SHORT_TOKEN = 16


def is_loopback(host: str) -> bool:
    """Tell whether only programs on this machine reach a host name or address."""
    if host.lower() in _LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def describe_exposure(host: str, token: str | None, tls: bool) -> list[str]:
    """Return a warning for everything that lets others look on; none where only this machine can.

    Args:
        host: Address that is listened on.
        token: What must be shown to look; ``None`` for nothing.
        tls: Whether answers are encrypted.
    """
    if is_loopback(host):
        return []
    warnings = []
    if token is None:
        warnings.append(
            f"serve: everyone who reaches {host} can watch the pictures; "
            "set a token, or serve on 127.0.0.1"
        )
    elif len(token) < _SHORT_TOKEN:
        warnings.append(
            f"serve_token: {len(token)} characters can be guessed by trying; "
            f"use at least {_SHORT_TOKEN} random ones"
        )
    if not tls:
        warnings.append(
            f"serve: pictures{' and the token' if token else ''} travel unencrypted from {host}; "
            "give a certificate and key, or put a proxy with TLS in front"
        )
    return warnings

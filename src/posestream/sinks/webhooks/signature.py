"""Signatures by which a receiver knows that an event is ours, whole and fresh.

They are those of Standard Webhooks, so receivers may use its libraries in their language.

Source:
    Standard Webhooks 1.0, https://www.standardwebhooks.com.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

ID_HEADER = "webhook-id"
"""The same for every attempt to send one event, so that a receiver knows what it has already."""
TIME_HEADER = "webhook-timestamp"
"""When the attempt was made, whole seconds since the Unix epoch."""
SIGNATURE_HEADER = "webhook-signature"
"""``v1,`` and the signature; more than one are separated by spaces."""

REPLAY_WINDOW_S = 300
"""A receiver should refuse attempts older, or further ahead, than this."""

MIN_SECRET_BYTES = 16
"""Shorter secrets can be found by trying."""

_ENCODED = "whsec_"
_VERSION = "v1"
_ID_LENGTH = 32


def secret_key(secret: str) -> bytes:
    """Return the key that a secret stands for.

    Args:
        secret: ``whsec_`` and Base64, as Standard Webhooks writes it, or any other text, whose
            UTF-8 bytes are the key.

    Raises:
        ValueError: If it is too short, or no Base64 after ``whsec_``. The message leaves it out.
    """
    try:
        encoded = secret.removeprefix(_ENCODED)
        key = secret.encode() if encoded == secret else base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"must be Base64 after {_ENCODED}") from None
    if len(key) < MIN_SECRET_BYTES:
        raise ValueError(f"must hold at least {MIN_SECRET_BYTES} bytes, not {len(key)}")
    return key


def signature(body: bytes, *, key: bytes, event_id: str, timestamp: int) -> str:
    """Return the value of `SIGNATURE_HEADER`: HMAC-SHA256 over id, time and body."""
    signed = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def signed_headers(body: bytes, *, key: bytes | None, now_s: float) -> dict[str, str]:
    """Return the headers of an attempt to send a body.

    Args:
        body: What is sent; its id is made of it.
        key: Signs; ``None`` for no signature.
        now_s: The time, seconds since the Unix epoch.
    """
    event_id, timestamp = hashlib.sha256(body).hexdigest()[:_ID_LENGTH], int(now_s)
    headers = {ID_HEADER: event_id, TIME_HEADER: str(timestamp)}
    if key is not None:
        headers[SIGNATURE_HEADER] = signature(body, key=key, event_id=event_id, timestamp=timestamp)
    return headers


def is_genuine(
    body: bytes,
    headers: Mapping[str, str],
    *,
    key: bytes,
    now_s: float,
    window_s: float = REPLAY_WINDOW_S,
) -> bool:
    """Tell whether a request is ours, whole and fresh; for receivers.

    Args:
        body: The request's body, byte for byte as it came.
        headers: The request's headers, by names in lower case.
        key: What `secret_key` makes of the shared secret.
        now_s: The time, seconds since the Unix epoch.
        window_s: How far the attempt's time may be away from it.
    """
    event_id, time = headers.get(ID_HEADER, ""), headers.get(TIME_HEADER, "")
    if not (time.isascii() and time.isdigit() and abs(now_s - int(time)) <= window_s):
        return False
    wanted = signature(body, key=key, event_id=event_id, timestamp=int(time))
    given = headers.get(SIGNATURE_HEADER, "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)

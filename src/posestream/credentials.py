"""Keep passwords out of everything that people and programs read."""

from __future__ import annotations

import re

HIDDEN = "***"
"""What stands where a secret was."""

_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/?#'\"<>]*@", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"(?P<key>(?:^|[?&;\s])[\w.-]*(?:pass(?:word|wd)?|pwd|token|secret|key|auth|sig(?:nature)?"
    r"|credentials?)[\w.-]*=)[^&;#\s'\"]+",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """Return a text, such as an address or a message with addresses in it, without secrets.

    User names and passwords before a host, and the values of parameters that are called password,
    token, key, secret, signature or the like, become ``***``.
    """
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    return _SECRET_PARAMETER.sub(rf"\g<key>{HIDDEN}", text)

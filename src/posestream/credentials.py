"""Keep passwords out of everything that people and programs read."""

from __future__ import annotations

import re

HIDDEN = "***"
"""What stands where a secret was."""

_SHORTEST_SECRET = 3  # hiding every "a" of a message would make nonsense of it
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)[^\s/?#'\"<>]*@", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"(?P<key>(?:^|[?&;,\s(\"'])[\w.-]*(?:pass(?:word|wd|phrase)?|pwd|token|secret|key|auth"
    r"|sig(?:nature)?|credentials?|cookies?|(?:user|proxy)-(?:id|pw))[\w.-]*[ \t]*=[ \t]*"
    # GStreamer writes a property's type before its value, as in user-pw=(string)"a b".
    r"(?:\(\w+\)[ \t]*)?)"
    r"(?P<value>\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?|(?:\\.|[^&;#\s'\"\\])+)",
    re.IGNORECASE | re.DOTALL,
)


def redacted(text: str, *, source: str = "") -> str:
    """Return a text, such as an address or a message with addresses in it, without secrets.

    User names and passwords before a host, and the values of parameters and of properties in a
    GStreamer pipeline that are called password, token, key, secret, signature or the like, become
    ``***``.

    Args:
        text: What is to be shown.
        source: What the text was made of, such as the pipeline that an error tells of. Values
            that are secret there are hidden in the text wherever they stand.
    """
    for found in _SECRET_PARAMETER.finditer(source):
        secret = found["value"].strip("\"'")
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    text = _USERINFO.sub(rf"\g<scheme>{HIDDEN}@", text)
    return _SECRET_PARAMETER.sub(rf"\g<key>{HIDDEN}", text)

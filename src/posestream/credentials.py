"""Keep passwords out of everything that people and programs read."""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from posestream.errors import ConfigError

HIDDEN = "***"
"""What stands where a secret was."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SHORTEST_SECRET = 3  # hiding every "a" of a message would make nonsense of it
# Passwords hold anything: the last @ before the path ends them. One with a slash in it is no
# proper address, but is typed all the same; a colon that no port follows gives it away.
_USERINFO = re.compile(
    r"(?P<kept>[a-z][a-z0-9+.-]*://)"
    r"(?:[^\s/?#<>]*@|[^\s/?#<>@:]*:(?!\d+(?:[/?#'\",\s]|$))[^\s<>]*@)",
    re.IGNORECASE,
)
_ENCODED_USERINFO = re.compile(r"(?P<kept>%3a%2f%2f)[^\s&?#]*%40", re.IGNORECASE)
_SECRET_PARAMETER = re.compile(
    r"(?P<kept>(?<![\w.-])[\w.-]*(?:pas|pwd|pw|psw|token|secret|key|auth|sig(?:nature)?"
    r"|credentials?|cookies?|(?:user|proxy)-id)[\w.-]*[ \t]*=[ \t]*"
    # GStreamer writes a property's type before its value, as in user-pw=(string)"a b".
    r"(?:\(\w+\)[ \t]*)?)"
    r"(?P<value>\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\])*'?|(?:\\.|[^&;#\s'\"\\])+)",
    re.IGNORECASE | re.DOTALL,
)
_HEADER = re.compile(
    r"(?P<kept>(?<![\w-])(?:proxy-)?authorization\s*:\s*(?:(?:basic|bearer|digest)\s+)?)[^\s'\"]+",
    re.IGNORECASE,
)


def redacted(text: str, *, source: str = "") -> str:
    """Return a text, such as an address or a message with addresses in it, without secrets.

    User names and passwords before a host, and the values of parameters and of properties in a
    GStreamer pipeline that are called password, token, key, secret, signature or the like, become
    ``***``. Rather too much is hidden than too little.

    Args:
        text: What is to be shown.
        source: What the text was made of, such as the pipeline that an error tells of. Values
            that are secret there are hidden in the text wherever they stand.
    """
    for found in _SECRET_PARAMETER.finditer(source):
        secret = found["value"].strip("\"'")
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, HIDDEN)
    text = _USERINFO.sub(rf"\g<kept>{HIDDEN}@", text)
    text = _ENCODED_USERINFO.sub(rf"\g<kept>{HIDDEN}%40", text)
    text = _HEADER.sub(rf"\g<kept>{HIDDEN}", text)
    return _SECRET_PARAMETER.sub(rf"\g<kept>{HIDDEN}", text)


def with_secrets(text: str, *, in_address: bool = False) -> str:
    """Return a text with each ``${NAME}`` replaced by that variable of the environment.

    The result is for opening an input only, never for showing.

    Args:
        text: An address or the value of an option.
        in_address: Write the values as an address needs them: ``@`` as ``%40``.

    Raises:
        ConfigError: If there is no such variable.
    """

    def value(found: re.Match[str]) -> str:
        secret = os.environ.get(found[1])
        if secret is None:
            raise ConfigError(f"{redacted(text)}: the environment has no variable {found[1]}")
        return quote(secret, safe="") if in_address else secret

    return _VARIABLE.sub(value, text)

"""Where a webhook goes, and how it may be shown."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from posestream.errors import ConfigError

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """An HTTP address, taken apart."""

    encrypted: bool
    """Whether it is ``https``."""
    host: str
    """Name or number of the host."""
    port: int
    """Its port."""
    target: str = field(repr=False)
    """Path and query; services such as chats keep their secret there, so it is never shown."""
    authorization: str | None = field(default=None, repr=False)
    """Value of that header, made of a user name and password in the address."""

    @property
    def shown(self) -> str:
        """The address without anything secret: scheme, host and port only."""
        return f"{self._scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port as HTTP's ``Host`` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self._scheme] else f"{host}:{self.port}"

    @property
    def _scheme(self) -> str:
        return "https" if self.encrypted else "http"

    @classmethod
    def parse(cls, text: str) -> WebhookAddress:
        """Take an address apart.

        Raises:
            ConfigError: If it is none that events can be sent to; the message leaves secrets out.
        """
        if not text.isprintable() or " " in text:
            raise ConfigError("webhook: an address holds neither spaces nor control characters")
        try:
            parts = urlsplit(text)
            scheme, port = parts.scheme.lower(), parts.port
            host = (parts.hostname or "").encode("idna").decode()
        except ValueError as error:
            raise ConfigError(f"webhook: not an address ({error})") from None
        if scheme not in _PORTS or not host:
            raise ConfigError(
                f"webhook: must be https://HOST/... or http://HOST/..., not {scheme or '?'}://..."
            )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not target.isascii():
            raise ConfigError(f"webhook: {host}: letters after the host must be percent-encoded")
        return cls(
            encrypted=scheme == "https",
            host=host,
            port=port or _PORTS[scheme],
            target=target,
            authorization=_basic(parts.username, parts.password),
        )


def _basic(user: str | None, password: str | None) -> str | None:
    if user is None:
        return None
    pair = f"{unquote(user)}:{unquote(password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"

"""Settings of the endpoints at which a run is looked at."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from posestream.errors import ConfigError

DEFAULT_HOST = "127.0.0.1"
_MAX_PORT = 65_535


class ServingConfig(BaseModel):
    """Endpoints for looking at a run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    serve: str | None = Field(
        default=None,
        description="Serve pictures, status, health and metrics at this [HOST:]PORT; the host is "
        "127.0.0.1 unless given.",
    )
    serve_token: str | None = Field(
        default=None, min_length=8, repr=False, description="What clients must know."
    )
    serve_token_file: Path | None = Field(
        default=None, description="File that holds what clients must know."
    )
    serve_cert: Path | None = Field(default=None, description="Certificate for TLS, PEM.")
    serve_key: Path | None = Field(default=None, description="Its private key, PEM.")

    @field_validator("serve", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _consistent(self) -> ServingConfig:
        if self.serve is not None:
            _split(self.serve)
        if self.serve_token is not None and self.serve_token_file is not None:
            raise ValueError("serve_token: not together with serve_token_file")
        if (self.serve_cert is None) != (self.serve_key is None):
            raise ValueError("serve_cert, serve_key: give both or neither")
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to serve at; port 0 is any that is free.

        Raises:
            ValueError: If nothing is to be served.
        """
        if self.serve is None:
            raise ValueError("serve: not given")
        return _split(self.serve)

    def token(self) -> str | None:
        """Return what clients must know; None where anybody may look.

        Raises:
            ConfigError: If the file cannot be read or holds too little.
        """
        if self.serve_token_file is None:
            return self.serve_token
        try:
            token = self.serve_token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"serve_token_file: {self.serve_token_file}: {error}") from None
        if len(token) < 8:
            raise ConfigError(
                f"serve_token_file: {self.serve_token_file}: must hold at least 8 characters"
            )
        return token


def _split(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[^:\s\[\]]+):)?(?P<port>\d{1,5})", text)
    if found is None or int(found["port"]) > _MAX_PORT:
        raise ValueError(f"serve: must be [HOST:]PORT, not {text!r}")
    return (found["host"] or DEFAULT_HOST).strip("[]"), int(found["port"])

"""Settings of where events go: a file, webhooks, clips, the picture.

The same keys in a settings file, where ``webhook`` is an address, a mapping of its keys, or a list
of them; on the command line, where each is written ``URL,key=value,key=value``; and in Python, as
either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from posestream.credentials import with_secrets
from posestream.errors import ConfigError, suggestion
from posestream.events import CROSS, DWELL, ENTER, FALL, LEAVE, LONG_LIE, RECOVERED

KINDS = (FALL, LONG_LIE, RECOVERED, ENTER, LEAVE, DWELL, CROSS)
"""Every kind of event."""

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _split_kinds(value: Any) -> Any:
    """Turn ``fall,long_lie`` or ``fall+long_lie`` into a list."""
    return re.split(r"[,+\s]+", value.strip()) if isinstance(value, str) else value


def _known_kinds(kinds: tuple[str, ...]) -> tuple[str, ...]:
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(
                f"{kind!r} is no kind of event; use {', '.join(KINDS)}.{suggestion(kind, KINDS)}"
            )
    return kinds


Kinds = Annotated[tuple[str, ...], BeforeValidator(_split_kinds), AfterValidator(_known_kinds)]


class WebhookConfig(BaseModel):
    """One server that is told of events."""

    model_config = _STRICT

    url: str = Field(
        min_length=1,
        repr=False,
        description="Where to send events, https:// or http://; ${NAME} in it stands for a "
        "variable of the environment.",
    )
    kinds: Kinds = Field(default=(), description="Send these kinds of events only.")
    secret_env: str | None = Field(
        default=None, description="Variable of the environment that holds the secret to sign with."
    )
    secret_file: Path | None = Field(
        default=None, description="File that holds the secret to sign with."
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates to trust besides the system's, PEM."
    )
    timeout: float = Field(
        default=10.0, gt=0, le=300, description="Wait so long for an answer, seconds."
    )
    give_up: float = Field(
        default=600.0, ge=0, le=86_400, description="Try for so long to send an event, seconds."
    )

    @model_validator(mode="after")
    def _one_secret(self) -> WebhookConfig:
        if self.secret_env is not None and self.secret_file is not None:
            raise ValueError("secret_env: not together with secret_file")
        return self

    def address(self) -> str:
        """Return where to send, with secrets in it: for sending only, never for showing.

        Raises:
            ConfigError: If the environment lacks a variable.
        """
        return with_secrets(self.url, in_address=True)

    def secret(self) -> str | None:
        """Return what to sign with; None where nothing is signed.

        Raises:
            ConfigError: If it cannot be found.
        """
        if self.secret_env is not None:
            return with_secrets(f"${{{self.secret_env}}}")
        if self.secret_file is None:
            return None
        try:
            return self.secret_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"webhook: secret_file: {self.secret_file}: {error}") from None


_NEXT_KEY = re.compile(r",(?=[a-z_-]+=)")


def _parsed(value: Any) -> Any:
    """Turn ``URL,key=value`` into its keys; leave everything else to be checked."""
    if not isinstance(value, str):
        return value
    # What looks like a key ends the address, or a misspelt key would silently become part of it.
    url, *rest = _NEXT_KEY.split(value)
    keys = {"url": url.strip()}
    for part in rest:
        key, _, text = part.partition("=")
        key = key.replace("-", "_")
        if key in keys:
            raise ValueError(f"{key} is given twice")
        keys[key] = text.strip()
    return keys


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str | Mapping) else value


Webhooks = Annotated[
    tuple[Annotated[WebhookConfig, BeforeValidator(_parsed)], ...], BeforeValidator(_several)
]


class EventsConfig(BaseModel):
    """Where events go."""

    model_config = _STRICT

    events_file: bool = Field(
        default=True, description="Write events to events.jsonl, where any can happen."
    )
    events_shown: float = Field(
        default=4.0, ge=0, le=60, description="Show events on the picture so long, seconds."
    )
    webhook: Webhooks = Field(
        default=(), description="Send events to this address, signed; any number."
    )
    webhook_drain: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="Go on sending for so long when the run is over, seconds.",
    )
    clips: bool = Field(default=False, description="Write a video clip around each event.")
    clip_kinds: Kinds = Field(default=(), description="Write clips of these kinds of events only.")
    clip_before: float = Field(
        default=5.0, ge=0, le=60, description="Begin a clip so long before its event, seconds."
    )
    clip_after: float = Field(
        default=10.0, ge=0, le=600, description="End a clip so long after its event, seconds."
    )
    clip_longest: float = Field(
        default=60.0, ge=1, le=3600, description="Make no clip longer than this, seconds."
    )
    clip_blur_faces: bool = Field(
        default=False,
        description="Make faces in clips unrecognisable, also where blur_faces is off.",
    )

    @model_validator(mode="after")
    def _clips_fit(self) -> EventsConfig:
        if self.clip_before + self.clip_after > self.clip_longest:
            raise ValueError(
                f"clip_longest: {self.clip_longest:g} is less than clip_before and clip_after "
                f"together, {self.clip_before + self.clip_after:g}"
            )
        return self

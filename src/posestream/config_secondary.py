"""Settings of secondary models: classifiers and detectors for frames or people.

The same keys in a settings file, where ``secondary`` is a list of mappings; on the command line,
where each is written ``MODEL,key=value,key=value``; and in Python, as either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from posestream.config_input import InputConfig

_SEVERAL = ("keep",)
"""Keys that may be written more than once on the command line."""


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _interval(value: Any) -> Any:
    """Check ``5`` (frames) and ``0.5s`` (seconds)."""
    text = str(value).strip().lower()
    seconds = re.fullmatch(r"([0-9]*\.?[0-9]+) ?s", text)
    frames = re.fullmatch(r"[0-9]+", text)
    if not (seconds and float(seconds[1]) > 0) and not (frames and int(text) > 0):
        raise ValueError("must be a number of frames, such as 5, or of seconds, such as 0.5s")
    return text


class SecondaryConfig(InputConfig):
    """One secondary model: what it is, what it looks at and what is kept of its answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, description="Path of an ONNX file, or of its card.")
    name: str | None = Field(
        default=None, min_length=1, description="What its findings are called; by default the file."
    )
    card: str | None = Field(
        default=None, description="What describes the ONNX file: a card's path, or a template."
    )
    labels: Path | None = Field(
        default=None, description="File with a label per line instead of the card's."
    )
    on: Literal["frame", "people"] | None = Field(
        default=None,
        description="What it looks at; by default detectors at frames, classifiers at people.",
    )
    padding: float = Field(
        default=0.1, ge=0, le=2, description="Margin around a person on each side, in sides."
    )
    min_size: int = Field(
        default=16, ge=1, le=4096, description="Leave out people smaller than this, pixels."
    )
    interval: Annotated[str, BeforeValidator(_interval)] = Field(
        default="1", description="Look at every n-th frame, or every so often: 5, or 0.5s."
    )
    threshold: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Least score; by default 0.4 for objects, 0.5 for labels.",
    )
    keep: Annotated[tuple[str, ...], BeforeValidator(_one_or_more)] = Field(
        default=(), description="Report these labels only."
    )
    batch_size: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Crops or frames per run of the network; by default the card's, or up to 8.",
    )
    backend: Literal["auto", "openvino", "onnxruntime", "torch"] | None = Field(
        default=None, description="Inference library; by default that of the main model."
    )
    precision: Literal["auto", "f32", "bf16", "f16", "int8"] | None = Field(
        default=None, description="Number format; by default that of the main model."
    )

    @property
    def called(self) -> str:
        """Name of its findings."""
        path = Path(self.model)
        return self.name or (path.parent.name if path.name == "card.toml" else path.stem)


def _parsed(value: Any) -> Any:
    """Turn ``MODEL,key=value`` into its keys; leave everything else to be checked."""
    if not isinstance(value, str):
        return value
    model, *rest = (part.strip() for part in value.split(","))
    keys: dict[str, Any] = {"model": model}
    for part in rest:
        key, equals, text = part.partition("=")
        key = key.strip().replace("-", "_")
        if not equals:
            raise ValueError(f"{part!r} must be KEY=VALUE, as in MODEL,threshold=0.5")
        if key in _SEVERAL:
            keys[key] = (*keys.get(key, ()), text.strip())
        elif key in keys:
            raise ValueError(f"{key} is given twice")
        else:
            keys[key] = text.strip()
    return keys


def _several(value: Any) -> Any:
    return [value] if isinstance(value, (str, dict)) else value


def _with_different_names(models: Sequence[SecondaryConfig]) -> Sequence[SecondaryConfig]:
    names = [model.called for model in models]
    if again := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"{again[0]!r} is the name of more than one; give each a name of its own")
    return models


SecondaryList = Annotated[
    tuple[Annotated[SecondaryConfig, BeforeValidator(_parsed)], ...],
    BeforeValidator(_several),
    AfterValidator(_with_different_names),
]
"""Secondary models with different names."""

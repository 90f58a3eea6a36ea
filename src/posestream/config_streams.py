"""Settings of streams: where each comes from, and how it behaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from posestream.config_zones import ZonesConfig

_STRICT = ConfigDict(extra="forbid", frozen=True)
_MOST_PROCESSES = 256


def _listed(value: Any) -> Any:
    """Take one input for a list of one."""
    return [value] if isinstance(value, (str, int)) and not isinstance(value, bool) else value


def _texts(value: Any) -> Any:
    """Write numbers as texts: camera 0 in a YAML file is a number."""
    plain = isinstance(value, list | tuple)
    return [str(v) if isinstance(v, int) else v for v in value] if plain else value


def _pairs(value: Any) -> Any:
    """Turn ``a=1,b=2`` into a mapping, as on the command line."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not sign for _, sign, _ in pairs):
        raise ValueError("must be KEY=VALUE pairs, by commas")
    return {key.strip(): text.strip() for key, _, text in pairs}


def _plain(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {str(k): str(v) if isinstance(v, int | float) else v for k, v in value.items()}


def _counted(value: Any) -> Any:
    """Take ``auto``, and numbers that a machine may have cores for."""
    text = str(value).strip()
    if text != "auto" and not (text.isdecimal() and 1 <= int(text) <= _MOST_PROCESSES):
        raise ValueError(f"must be auto or a number from 1 to {_MOST_PROCESSES}")
    return text if text == "auto" else int(text)


Processes = Annotated[int | Literal["auto"], BeforeValidator(_counted)]
Inputs = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_texts),
    BeforeValidator(_listed),
]
FfmpegOptions = Annotated[dict[str, str], BeforeValidator(_plain), BeforeValidator(_pairs)]


class StreamConfig(BaseModel):
    """How a stream is read."""

    model_config = _STRICT

    start: float | None = Field(default=None, ge=0, description="Begin at this time, seconds.")
    end: float | None = Field(default=None, gt=0, description="Stop at this time, seconds.")
    interval: int = Field(
        default=1, ge=1, le=1000, description="Find people in every n-th frame only."
    )
    realtime: bool = Field(
        default=False, description="Play files at their own speed, by the rules of live streams."
    )
    loop: bool = Field(default=False, description="Begin files again at their end, for ever.")
    rate: float | None = Field(
        default=None, gt=0, le=1000, description="Take images for a video of so many frames/s."
    )
    rtsp_transport: Literal["tcp", "udp", "udp_multicast", "http"] = Field(
        default="tcp", description="How RTSP servers send their video."
    )
    timeout: float = Field(
        default=10.0, gt=0, le=3600, description="Wait so long for an answer or a frame, seconds."
    )
    max_retries: int | None = Field(
        default=None,
        ge=0,
        description="Give a lost stream up after so many attempts in a row; by default never.",
    )
    live: bool | None = Field(
        default=None,
        description="Whether a network stream is live, so that old frames are dropped when the "
        "machine is behind; by default found out.",
    )
    ffmpeg: FfmpegOptions = Field(
        default={}, description="More options of FFmpeg for opening the input."
    )

    @model_validator(mode="after")
    def _times_in_order(self) -> StreamConfig:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end: {self.end} must be after start: {self.start}")
        return self


class SharingConfig(BaseModel):
    """How streams share the machine."""

    model_config = _STRICT

    concurrent: int = Field(
        default=32, ge=1, le=1024, description="Most files that are open at once."
    )
    batch: int | None = Field(
        default=None,
        ge=1,
        le=256,
        description="Most frames looked at at once, of all streams; by default 1 on a CPU and 32 "
        "on a GPU.",
    )
    batch_wait_ms: float = Field(
        default=5.0, ge=0, le=1000, description="Wait so long for a batch to fill, milliseconds."
    )
    processes: Processes = Field(
        default="auto",
        description="Processes that share the streams of a run, each with one GPU; auto: one on a "
        "CPU, on GPUs one for each GPU and for every 32 streams.",
    )


class NamedStream(StreamConfig, ZonesConfig):
    """One stream of a settings file: its input, and what differs from the other streams."""

    input: str = Field(min_length=1, description="Where its frames come from.")

    def over(self, defaults: StreamConfig) -> StreamConfig:
        """Return how it is read: its own settings, and the defaults where it has none."""
        return _over(defaults, self)

    def places_over(self, defaults: ZonesConfig) -> ZonesConfig:
        """Return what is watched in it: its own zones, and the defaults where it has none."""
        return _over(defaults, self)


C = TypeVar("C", StreamConfig, ZonesConfig)


def _over(defaults: C, own: BaseModel) -> C:
    names = own.model_fields_set & type(defaults).model_fields.keys()
    return defaults.model_copy(update={name: getattr(own, name) for name in names})


def _named(value: Any) -> Any:
    """Take a bare input for a stream without settings of its own."""
    if not isinstance(value, Mapping):
        return value
    return {
        name: {"input": str(stream)} if isinstance(stream, str | int) else stream
        for name, stream in value.items()
    }


NamedStreams = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=100)], NamedStream], BeforeValidator(_named)
]

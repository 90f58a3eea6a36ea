"""How one stream is to be opened and read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, get_args

from posestream.errors import ConfigError, suggestion

if TYPE_CHECKING:
    from posestream.sources.pictures import OpenPictures

RtspTransport = Literal["tcp", "udp", "udp_multicast", "http"]

GUARDS = frozenset(
    {"protocol_whitelist", "protocol_blacklist", "format_whitelist", "codec_whitelist"}
    | {"enable_drefs", "use_absolute_path", "seg_format_options", "max_pixels", "safe"}
)
"""FFmpeg's options that decide what an input may open; nobody sets them per stream."""

_MAX_TIMEOUT_S = 3600
_MAX_RATE = 1000
_MAX_THREADS = 256


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What may be said about a stream beside its address.

    Raises:
        ConfigError: If a value is out of range, or a guard of FFmpeg is to be changed.
    """

    start_s: float | None = None
    """Leave out frames of a recording before this, seconds from its beginning."""
    end_s: float | None = None
    """Leave out frames of a recording from here on, seconds from its beginning."""
    realtime: bool = False
    """Play a recording at its own speed, as if it were a camera."""
    loop: bool = False
    """Begin a recording again at its end, for ever."""
    rate: Fraction | None = None
    """Frames per second of a video made of photographs; ``None``: each is a picture of its own."""
    rtsp_transport: RtspTransport = "tcp"
    """How an RTSP server is to send the video."""
    timeout_s: float = 10.0
    """Give up connecting, or waiting for data, after this."""
    live: bool | None = None
    """Whether the rules of live streams hold; ``None``: found out when it is opened."""
    threads: int | None = None
    """Threads that decode; ``None``: one for live video, chosen by the machine for recordings."""
    open_pictures: OpenPictures | None = None
    """Makes what decodes files and network streams; ``None``: FFmpeg on the CPU."""
    ffmpeg: Mapping[str, str] = field(default_factory=dict)
    """More of FFmpeg's options, such as ``{"user_agent": "me"}``, passed on; ``${NAME}`` is a
    variable of the environment."""

    def __post_init__(self) -> None:
        """Check every value."""
        _check_times(self.start_s, self.end_s)
        _check_range("timeout", self.timeout_s, 0, _MAX_TIMEOUT_S)
        if self.rate is not None:
            _check_range("rate", self.rate, 0, _MAX_RATE)
        if self.threads is not None and not 1 <= self.threads <= _MAX_THREADS:
            raise ConfigError(f"threads: must be 1 to {_MAX_THREADS}, not {self.threads}")
        transports = get_args(RtspTransport)
        if self.rtsp_transport not in transports:
            hint = suggestion(self.rtsp_transport, transports)
            raise ConfigError(
                f"rtsp_transport: must be one of {', '.join(transports)}, "
                f"not {self.rtsp_transport!r}.{hint}"
            )
        _check_ffmpeg(self.ffmpeg)


def _check_times(start_s: float | None, end_s: float | None) -> None:
    for key, value in (("start", start_s), ("end", end_s)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise ConfigError(f"{key}: must be at least 0 seconds, not {value}")
    if start_s is not None and end_s is not None and end_s <= start_s:
        raise ConfigError(f"end: {end_s} must be after start: {start_s}")


def _check_range(key: str, value: float | Fraction, above: int, most: int) -> None:
    if not above < value <= most:  # also refuses what is not a number
        raise ConfigError(f"{key}: must be more than {above} and at most {most}, not {value}")


def _check_ffmpeg(options: Mapping[str, str]) -> None:
    for key, value in options.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise ConfigError(f"ffmpeg: names and values must be text; {key!r} is not so")
        # The rest of a name behind a dash or colon is a stream's, as in "flags:v".
        if key.strip().lstrip("-").partition(":")[0].lower() in GUARDS:
            raise ConfigError(
                f"ffmpeg.{key}: guards what an input may open and cannot be changed for a stream"
            )

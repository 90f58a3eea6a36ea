"""Which encoder makes a video, and what our settings are in its own words."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext

from posestream.errors import ConfigError, SinkError, suggestion

ENCODERS: tuple[str, ...] = ("auto", "libx264", "h264_nvenc", "hevc_nvenc")
"""What may be asked for; ``auto`` is ``libx264``, which is everywhere and looks the same."""
_NVENC_PRESETS = {
    "ultrafast": "p1",
    "superfast": "p2",
    "veryfast": "p3",
    "faster": "p4",
    "fast": "p5",
    "medium": "p6",
    "slow": "p7",
    "slower": "p7",
}
PRESETS = tuple(_NVENC_PRESETS)
"""How hard x264 tries to make a small file, fastest first."""
_MAX_CRF = 51
_PROBE_SIZE = (640, 360)
"""A size that every encoder takes, pixels."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoder and its options."""

    codec: str = "libx264"
    """FFmpeg's name of the encoder."""
    options: dict[str, str] = field(default_factory=dict)
    """FFmpeg's options of it."""
    tag: str | None = None
    """What MP4 calls the format where FFmpeg would choose a name that not every player knows."""


def encoding(encoder: str, *, preset: str, crf: int) -> Encoding:
    """Turn settings into an encoder's own.

    NVENC knows presets from p1 to p7, which ours are spread over, and no constant rate factor: its
    constant quality stands for it, on the same scale, and is not quite as good at the same number.

    Args:
        encoder: One of `ENCODERS`.
        preset: One of `PRESETS`.
        crf: Quality, 0 (lossless with x264) to 51 (worst).

    Raises:
        ConfigError: If a setting is not allowed.
        SinkError: If the encoder does not work here.
    """
    for key, value, allowed in (("encoder", encoder, ENCODERS), ("preset", preset, PRESETS)):
        if value not in allowed:
            names = ", ".join(allowed)
            raise ConfigError(
                f"{key}: {value!r} is not one of {names}.{suggestion(value, allowed)}"
            )
    if not 0 <= crf <= _MAX_CRF:
        raise ConfigError(f"crf: {crf} is not between 0 and {_MAX_CRF}")
    if not encoder.endswith("_nvenc"):
        if "libx264" not in av.codecs_available:
            raise SinkError("this build of PyAV has no H.264 encoder (libx264)")
        return Encoding("libx264", {"preset": preset, "crf": str(crf)})
    complaint = _complaint(encoder)
    if complaint is not None:
        raise SinkError(
            f"encoder: {encoder} does not work here ({complaint}): it needs an NVIDIA GPU with a "
            "video encoder, which A100, H100 and H200 are without, and a driver with its video "
            "libraries; use libx264"
        )
    # To NVENC, a quality of 0 means that it may choose one.
    options = {"preset": _NVENC_PRESETS[preset], "rc": "vbr", "cq": str(max(crf, 1)), "b": "0"}
    return Encoding(encoder, options, "hvc1" if encoder.startswith("hevc") else None)


@functools.cache
def _complaint(encoder: str) -> str | None:
    """Open an encoder once; return why it cannot be, or ``None`` if it can."""
    if encoder not in av.codecs_available:
        return "this build of PyAV has none"
    context = CodecContext.create(encoder, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = _PROBE_SIZE
    context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 25)
    try:
        context.open()
    except FFmpegError as error:
        return error.strerror
    return None

"""A camera that does not exist: made-up frames for tests, examples and measuring.

Every frame carries the mark of its stream and its own number (`watermark`), so whoever finds a
picture anywhere can tell where it belongs. On request it runs in real time, fails or stalls.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np

from posestream.containers import MAX_PIXELS
from posestream.errors import ConfigError, SourceError, suggestion
from posestream.images import HostImage, plane_arrays
from posestream.sources import SourceInfo
from posestream.sources.pacing import Pacer
from posestream.sources.watermark import draw_watermark, read_watermark, stream_mark
from posestream.types import Frame

__all__ = ["FakeSource", "parse_fake", "read_watermark", "stream_mark"]

_MIN_SIZE = (64, 48)
_MAX_RATE = 1000
_BT601, _LIMITED_RANGE = 6, 1  # AVCOL_SPC_SMPTE170M, AVCOL_RANGE_MPEG
_FORM = re.compile(
    r"fake:(?P<size>[^@?]*)(?:@(?P<rate>[^?]*))?(?:\?(?P<options>.*))?", re.IGNORECASE | re.DOTALL
)
_RATE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6}|/[0-9]{1,6})?")
_COUNTS = ("frames", "seed", "fail_after", "stall_after")


class FakeSource:
    """A square that wanders over a coloured background, with a watermark below.

    Args:
        name: Name of the stream; colours and watermark depend on it.
        size: Width and height, pixels; at least 64 x 48.
        rate: Frames per second, above 0 and at most 1000.
        frames: End after this many; without end where ``None``.
        realtime: Give each frame when it is due, as a camera does, instead of at once.
        seed: Other colours and another beginning of the square's way.
        fail_after: Raise SourceError after this many frames.
        stall_after: After this many frames give nothing more until closed.

    Raises:
        ConfigError: If a value is not allowed.
    """

    def __init__(
        self,
        name: str,
        *,
        size: tuple[int, int] = (640, 360),
        rate: Fraction = Fraction(30),
        frames: int | None = None,
        realtime: bool = False,
        seed: int = 0,
        fail_after: int | None = None,
        stall_after: int | None = None,
    ) -> None:
        _check(name, size, rate)
        self.name = name
        self.corrupt_frames = 0
        self.info = SourceInfo(
            size=size,
            frame_rate=rate,
            frame_count=None if realtime else frames,
            live=realtime,
        )
        self._frames = frames
        self._fail_after = fail_after
        self._stall_after = stall_after
        self._closed = threading.Event()
        self._mark = stream_mark(name)
        self._draw_background(seed)

    def frames(self) -> Iterator[Frame]:
        """Yield every frame once, in order.

        Raises:
            SourceError: After ``fail_after`` frames.
        """
        pacer = Pacer(self._closed)
        time_base = 1 / Fraction(self.info.frame_rate or 1)
        for index in itertools.count():
            if self._closed.is_set() or index == self._frames:
                return
            if index == self._fail_after:
                raise SourceError(f"{self.name}: the fake camera failed after {index} frames")
            if index == self._stall_after:
                self._closed.wait()
                return
            if self.info.live and not pacer.wait(float(index * time_base)):
                return
            image = self._draw(index, time_base)
            yield Frame(
                stream=self.name,
                index=index,
                pts=index,
                time_base=time_base,
                image=image,
                wall_s=time.time(),
            )

    def close(self) -> None:
        """End the frames and every wait; may be called twice, and from another thread."""
        self._closed.set()

    def _draw_background(self, seed: int) -> None:
        width, height = self.info.size
        random = np.random.default_rng((seed, self._mark))
        self._phase = int(random.integers(1 << 16))
        self._background = av.VideoFrame(width, height, "yuv420p")
        luma, *chroma = plane_arrays(self._background)
        luma[:] = np.linspace(50, 150, width, dtype=np.uint8)
        for plane in chroma:
            plane[:] = random.integers(90, 166)

    def _draw(self, index: int, time_base: Fraction) -> HostImage:
        frame = av.VideoFrame(*self.info.size, "yuv420p")
        planes = plane_arrays(frame)
        for plane, background in zip(planes, plane_arrays(self._background), strict=True):
            np.copyto(plane, background)
        luma = planes[0]
        height, width = luma.shape
        side = height // 6
        left = _to_and_fro(self._phase + index * max(1, width // 150), width - side)
        top = _to_and_fro(self._phase + index * max(1, height // 110), height * 2 // 3 - side)
        luma[top : top + side, left : left + side] = 225
        draw_watermark(luma, mark=self._mark, number=index)
        frame.pts, frame.time_base = index, time_base
        frame.colorspace, frame.color_range = _BT601, _LIMITED_RANGE
        return HostImage(frame)


def parse_fake(text: str, *, name: str) -> FakeSource:
    """Make a fake source of a text such as ``fake:640x360@30?frames=100&realtime=1``.

    Every part may be left out: ``fake:`` is the default. Options are ``frames``, ``realtime``
    (0 or 1), ``seed``, ``fail_after`` and ``stall_after``, as `FakeSource` has them.

    Raises:
        ConfigError: If the text cannot be understood, or a value is not allowed.
    """
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise ConfigError(f"{name}: {text[:40]!r} must look like fake:640x360@30?frames=100")
    options = _options(parts["options"] or "", name)
    return FakeSource(
        name,
        size=_size(parts["size"], name) if parts["size"] else (640, 360),
        rate=_rate(parts["rate"], name) if parts["rate"] is not None else Fraction(30),
        frames=options.get("frames"),
        realtime=bool(options.get("realtime", 0)),
        seed=options.get("seed", 0),
        fail_after=options.get("fail_after"),
        stall_after=options.get("stall_after"),
    )


def _to_and_fro(position: int, limit: int) -> int:
    return abs((position + limit) % (2 * limit) - limit)


def _check(name: str, size: tuple[int, int], rate: Fraction) -> None:
    width, height = size
    if width < _MIN_SIZE[0] or height < _MIN_SIZE[1] or width * height > MAX_PIXELS:
        limits = f"{_MIN_SIZE[0]}x{_MIN_SIZE[1]} and at most {MAX_PIXELS} pixels"
        raise ConfigError(f"{name}: size {width}x{height} must be at least {limits}")
    if not 0 < rate <= _MAX_RATE:
        raise ConfigError(f"{name}: rate {rate} must be above 0 and at most {_MAX_RATE}")


def _size(text: str, name: str) -> tuple[int, int]:
    parts = re.fullmatch(r"([0-9]{1,6})[xX]([0-9]{1,6})", text)
    if parts is None:
        raise ConfigError(f"{name}: size {text[:40]!r} must be WIDTHxHEIGHT, as in 640x360")
    return int(parts[1]), int(parts[2])


def _rate(text: str, name: str) -> Fraction:
    if not _RATE.fullmatch(text) or re.search("/0+$", text):
        raise ConfigError(f"{name}: rate {text[:40]!r} must be as 30, 29.97 or 30000/1001")
    return Fraction(text)


def _options(text: str, name: str) -> dict[str, int]:
    options: dict[str, int] = {}
    for part in filter(None, text.split("&")):
        key, _, value = part.partition("=")
        allowed = (*_COUNTS, "realtime")
        if key not in allowed:
            hint = suggestion(key, allowed) or f" Allowed: {', '.join(allowed)}"
            raise ConfigError(f"{name}: no option {key[:40]!r}.{hint}")
        if key in options:
            raise ConfigError(f"{name}: {key} is given twice")
        pattern, meaning = ("[01]", "0 or 1") if key == "realtime" else ("[0-9]{1,9}", "a count")
        if not re.fullmatch(pattern, value):
            raise ConfigError(f"{name}: {key} is {value[:40]!r}, must be {meaning}")
        options[key] = int(value)
    return options

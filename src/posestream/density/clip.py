"""Make a clip like a camera's, as what many streams are measured with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from posestream.demo.clip import FRAME_RATE, demo_frames
from posestream.errors import SinkError, SourceError
from posestream.images import plane_arrays
from posestream.sources.file import VideoFileSource

SIZE = (1920, 1080)
_GRAIN = 3.0
_SHIFTS = 64


@dataclass(frozen=True, slots=True)
class Clip:
    """What every stream of a measurement plays."""

    path: Path
    """The file."""
    size: tuple[int, int]
    """Width and height, pixels."""
    rate: float
    """Frames per second."""
    bit_rate: float
    """Bits per second of the whole file: how hard it is to decode."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a clip is encoded."""

    encoder: str = "libx264"
    """FFmpeg's name."""
    bit_rate: int = 4_000_000
    """Bits per second that the encoder aims at."""
    reordered: bool = False
    """Whether it may hold B-frames, as files do and cameras do not."""

    def options(self) -> dict[str, str]:
        """Return the encoder's own options."""
        between = "2" if self.reordered else "0"
        if self.encoder != "libx265":
            return {"preset": "veryfast", "bf": between}
        # Without open-gop=0 pictures before a key frame may need what comes before a repetition.
        own = f"log-level=none:bframes={between}:open-gop=0:keyint={FRAME_RATE}"
        return {"preset": "superfast", "x265-params": own}


def make_camera_clip(
    path: Path,
    *,
    seconds: float = 10.0,
    size: tuple[int, int] = SIZE,
    encoding: Encoding | None = None,
) -> Path:
    """Write the demo's people as a camera would send them; return ``path``.

    Drawn pictures cost a decoder next to nothing. So every frame has a sensor's grain, and the
    encoder a camera's settings: 4 Mbit/s, a key frame each second, no B-frames.

    Args:
        path: MP4 file to make, 30 frames per second.
        seconds: Length of the clip.
        size: Width and height, pixels; both even.
        encoding: How it is encoded, if not as H.264 by a camera.

    Raises:
        SinkError: If it cannot be written.
    """
    encoding = encoding or Encoding()
    width, height = size
    random = np.random.default_rng(0)
    grain = random.normal(0, _GRAIN, (height + _SHIFTS, width + _SHIFTS)).round().astype(np.int16)
    try:
        with av.open(path, "w", format="mp4") as container:
            stream = container.add_stream(encoding.encoder, FRAME_RATE)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.time_base = Fraction(1, FRAME_RATE)
            stream.bit_rate = encoding.bit_rate
            stream.codec_context.gop_size = FRAME_RATE
            stream.options = {**encoding.options()}
            for frame in demo_frames(seconds=seconds, size=size):
                luma = plane_arrays(frame)[0]
                x, y = random.integers(0, _SHIFTS, 2)
                cv2.add(luma, grain[y : y + height, x : x + width], dst=luma, dtype=cv2.CV_8U)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except OSError as error:
        raise SinkError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path


def inspect_clip(path: Path) -> Clip:
    """Look at a clip that somebody wants to measure with.

    Raises:
        SourceError: If it cannot be read, or does not say how fast and long it is.
    """
    source = VideoFileSource(path)
    source.close()
    rate, count = source.info.frame_rate, source.info.frame_count
    if not rate or not count:
        raise SourceError(f"{path}: does not say its frame rate and length, so cannot be played")
    bit_rate = 8 * path.stat().st_size * float(rate) / count
    return Clip(path, source.info.size, float(rate), bit_rate)

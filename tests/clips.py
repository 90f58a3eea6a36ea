"""Videos and pictures made at test time, with a number in every frame that survives encoding."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

BITS = 8
IDENTITY, QUARTER, HALF = (1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1)
"""Display matrices: as it is, a quarter turn clockwise, a half turn."""


def picture(number: int, size: tuple[int, int] = (320, 240)) -> npt.NDArray[np.uint8]:
    """Draw a number as eight blocks, light or dark, over a coloured lower half."""
    width, height = size
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(40, 215, width)
    pixels[..., 1] = np.linspace(60, 190, height)[:, None]
    pixels[..., 2] = 128
    for bit in range(BITS):
        columns = slice(bit * width // BITS, (bit + 1) * width // BITS)
        pixels[: height // 2, columns] = 235 if number >> bit & 1 else 20
    return pixels


def number_in(rgb: npt.NDArray[np.uint8]) -> int:
    """Read the number back from a decoded picture."""
    height, width = rgb.shape[:2]
    number = 0
    for bit in range(BITS):
        middle = (2 * bit + 1) * width // (2 * BITS)
        block = rgb[height // 8 : height * 3 // 8, middle - 3 : middle + 4]
        number |= int(block.mean() > 128) << bit
    return number


def record(
    path: Path,
    *,
    frames: int = 30,
    size: tuple[int, int] = (320, 240),
    rate: Fraction | int = 25,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    times: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    sound: str | None = None,
    sound_starts: int = 0,
    sound_rate: int = 48000,
    container_options: dict[str, str] | None = None,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """Record a clip whose frames hold their numbers; ``times`` are in ticks of ``time_base``."""
    tick = time_base or 1 / Fraction(rate)
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        video = container.add_stream(codec, rate=rate, options=options or {})
        video.width, video.height = size
        video.pix_fmt = pixel_format
        video.codec_context.time_base = tick
        if pixel_aspect is not None:
            video.codec_context.sample_aspect_ratio = pixel_aspect
        audio = container.add_stream(sound, rate=sound_rate) if sound else None
        if audio:
            audio.codec_context.layout = "mono"
        position = 0
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")
            frame.pts, frame.time_base = times[number] if times else number, tick
            container.mux(video.encode(frame))
            while audio and position < frame.pts * tick * sound_rate:
                container.mux(audio.encode(_tone(position, sound_starts, sound_rate)))
                position += 1024
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))
    return path


def _tone(position: int, starts: int, rate: int) -> av.AudioFrame:
    phase = np.arange(position, position + 1024) * (2 * np.pi * 440 / rate)
    samples = (8000 * np.sin(phase)).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16p", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, position + starts, Fraction(1, rate)
    return frame


def record_sound(path: Path) -> Path:
    """Record a second of sound without pictures."""
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=48000)
        audio.codec_context.layout = "mono"
        for position in range(0, 48000, 1024):
            container.mux(audio.encode(_tone(position, 0, 48000)))
        container.mux(audio.encode(None))
    return path


def set_display_matrix(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix into the track header of an MP4, as phones do."""
    data = bytearray(path.read_bytes())
    header = data.find(b"tkhd") + 4
    version = data[header]
    offset = header + (52 if version else 40)
    a, b, c, d = (part << 16 for part in matrix)
    struct.pack_into(">9i", data, offset, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


def remux(source: Path, target: Path, *, container_options: dict[str, str] | None = None) -> Path:
    """Copy all packets into another container."""
    with (
        av.open(str(source)) as read,
        av.open(str(target), "w", container_options=container_options or {}) as write,
    ):
        streams = {
            stream.index: write.add_stream_from_template(stream, opaque=True)
            for stream in (*read.streams.video, *read.streams.audio)
        }
        for packet in read.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream_index]
                write.mux(packet)
    return target


def frame_times(path: Path) -> list[Fraction]:
    """Return the time of every frame that FFmpeg shows of a file, seconds."""
    with av.open(str(path)) as container:
        return [
            frame.pts * frame.time_base
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    """Return time and content of every packet of sound of a file."""
    with av.open(str(path)) as container:
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(audio=0)
            if packet.pts is not None
        ]

"""Turn a finished fragmented MP4 into an ordinary one that begins with its index."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from posestream.containers import mp4_boxes

_log = logging.getLogger(__name__)

_INDEX_BYTES = 16_384
_INDEX_BYTES_PER_PACKET = 44  # one entry in each of stts, ctts, stsz, stss, stsc and co64


def make_progressive(
    path: Path,
    *,
    packets: int,
    movie_timescale: int,
    last_picture_s: tuple[Fraction, Fraction],
) -> bool:
    """Rewrite a fragmented MP4 in place, packet by packet, with its index in front.

    The new file replaces the old one only when it is whole. If there is no room for it, the
    fragmented file stays: it plays too.

    Args:
        path: The fragmented file.
        packets: Packets in it, at least; the index gets room for so many.
        movie_timescale: Ticks per second in which tracks are placed in time.
        last_picture_s: Time and duration of the picture that is shown last, seconds; a fragment
            does not tell how long it is.

    Returns:
        Whether the file was rewritten.
    """
    part = path.with_name(f".{path.name}.part")
    options = {
        "moov_size": str(_INDEX_BYTES + _INDEX_BYTES_PER_PACKET * packets),
        "movie_timescale": str(movie_timescale),
    }
    try:
        _copy(path, part, options, last_picture_s)
        _check_whole(part)
        part.replace(path)
    except (FFmpegError, OSError) as error:
        _log.warning("%s: stays in fragments; it plays, but seeks slowly (%s)", path, error)
        return False
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return True


def _copy(
    path: Path, part: Path, options: dict[str, str], last_picture_s: tuple[Fraction, Fraction]
) -> None:
    with (
        av.open(f"file:{path}", format="mp4") as source,
        av.open(f"file:{part}", "w", format="mp4", container_options=options) as target,
    ):
        inputs = (*source.streams.video, *source.streams.audio)
        streams = {s.index: target.add_stream_from_template(s, opaque=True) for s in inputs}
        for stream in inputs:
            streams[stream.index].time_base = stream.time_base
            if stream.type == "video":
                # A template keeps the format but not what MP4 calls it.
                streams[stream.index].codec_context.codec_tag = stream.codec_context.codec_tag
        for packet in source.demux(inputs):
            if packet.dts is None:
                continue
            if packet.stream.type == "video":
                _set_duration(packet, *last_picture_s)
            packet.stream = streams[packet.stream_index]
            target.mux(packet)


def _check_whole(part: Path) -> None:
    """Make sure of the end of the file, whose loss FFmpeg does not always report."""
    with part.open("rb") as file:
        boxes = dict(mp4_boxes(file))
        size = file.seek(0, io.SEEK_END)
    if b"moov" not in boxes or max(boxes.values()) != size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(part))


def _set_duration(packet: av.Packet, last_s: Fraction, duration_s: Fraction) -> None:
    if packet.pts is not None and packet.pts * packet.time_base == last_s:
        packet.duration = round(duration_s / packet.time_base)

"""Find out what an input is and open it."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from posestream.containers import check_regular_file
from posestream.errors import ConfigError, SourceError, SourceNotFoundError
from posestream.sources import Source
from posestream.sources.file import VideoFileSource
from posestream.sources.images import ImagesSource, is_image_file, natural_order
from posestream.sources.stills import STILL_SUFFIXES, looks_like_still

VIDEO_SUFFIXES = frozenset(
    {".264", ".265", ".3g2", ".3gp", ".amv", ".asf", ".av1", ".avi", ".divx", ".dv", ".f4v"}
    | {".flv", ".gif", ".h264", ".h265", ".hevc", ".ivf", ".m1v", ".m2ts", ".m2v", ".m4v"}
    | {".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut"}
    | {".obu", ".ogg", ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".wtv"}
    | {".y4m"}
)
"""Endings by which videos are told from other files in a folder."""

_UNREADABLE_STILL_SUFFIXES = frozenset({".avif", ".heic", ".heif"})
_LIVE = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://|gst:|/dev/video\d+$|\d{1,2}$", re.IGNORECASE)
_ALLOWED = "a video file, an image, a folder of images, or a pattern such as 'shots/*.jpg'"


def open_source(
    text: str | Path,
    *,
    name: str | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    threads: int | None = None,
) -> Source:
    """Open whatever an input is: a video, an image, a folder of images, or a pattern of images.

    A folder or pattern with exactly one video, and nothing else, is that video.

    Args:
        text: Path or pattern.
        name: Name of the stream; by default that of the file, or of the folder.
        start_s: Leave out frames before this, seconds from the beginning of a video.
        end_s: Leave out frames from here on, seconds from the beginning of a video.
        threads: Threads that decode video; chosen by the machine where ``None``.

    Raises:
        SourceNotFoundError: If nothing is there.
        SourceError: If it cannot be read, or is nothing that can be read yet.
        ConfigError: If start or end are given for images.
    """
    path = Path(text).expanduser()
    found = [path] if path.exists() else _matches(str(text), path)
    if path.is_dir():
        found = sorted(_listed(path), key=natural_order)
    images, videos = _sorted_out(path, found)
    if len(videos) == 1 and not images:
        return VideoFileSource(videos[0], name=name, start_s=start_s, end_s=end_s, threads=threads)
    _refuse_more_than_one_stream(path, images, videos)
    if start_s is not None or end_s is not None:
        raise ConfigError(f"start, end: {path} has images, which have no time")
    return ImagesSource(images, name=name if name is not None else _images_name(path, images))


def _matches(text: str, path: Path) -> list[Path]:
    live = _LIVE.match(text)
    if live:
        # The address itself may hold a password and is never repeated.
        what = f"{live['scheme']}:// addresses" if live["scheme"] else "cameras and pipelines"
        raise SourceError(f"{what} are not supported yet; give {_ALLOWED}")
    if not glob.has_magic(str(path)):
        raise SourceNotFoundError(f"{path}: no such file or folder")
    found = sorted(map(Path, glob.glob(str(path), recursive=True)), key=natural_order)
    if not found:
        raise SourceNotFoundError(f"{path}: no file matches this pattern")
    return [match for match in found if match.is_file()]


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({error.strerror})") from error


def _sorted_out(given: Path, found: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Divide what was found into images and videos; a file given by itself is one of them."""
    if list(found) == [given]:
        return ([given], []) if _is_still(given) else ([], [given])
    images = [path for path in found if is_image_file(path) and path.suffix.lower() != ".gif"]
    videos = [path for path in found if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()]
    return images, videos


def _is_still(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in _UNREADABLE_STILL_SUFFIXES:
        raise SourceError(f"{path}: {suffix[1:].upper()} images cannot be read; convert it to JPEG")
    if suffix in VIDEO_SUFFIXES:
        return False
    check_regular_file(path)
    return suffix in STILL_SUFFIXES or looks_like_still(path)


def _refuse_more_than_one_stream(
    path: Path, images: Sequence[Path], videos: Sequence[Path]
) -> None:
    if images and not videos:
        return
    if images:
        what = f"{len(images)} images and {len(videos)} videos; give one kind, as in '*.jpg'"
    elif videos:
        what = f"{len(videos)} videos; give them one at a time, many at once come later"
    else:
        what = f"no video and no image; give {_ALLOWED}"
    raise SourceError(f"{path}: holds {what}")


def _images_name(path: Path, images: Sequence[Path]) -> str:
    folder = path if path.is_dir() else images[0].parent
    return images[0].stem if list(images) == [path] else folder.resolve().name or "images"

"""Find the files that a path, a folder or a pattern stands for."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from pathlib import Path

from posestream.containers import check_regular_file
from posestream.errors import SourceError, SourceNotFoundError
from posestream.sources.images import is_image_file, natural_order
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


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The media files of one input, in natural order: 2 before 10."""

    given: Path
    """What was asked for."""
    images: tuple[Path, ...] = ()
    """Photographs."""
    videos: tuple[Path, ...] = ()
    """Videos."""

    @property
    def name(self) -> str:
        """The file's name without its suffix, or the folder's."""
        files = self.images + self.videos
        if len(files) == 1 and (self.videos or files == (self.given,)):
            return files[0].stem
        folder = self.given if self.given.is_dir() else files[0].parent
        return folder.resolve().name or "images"


def expanded(text: str | Path) -> Path:
    """Return the path that a text means; an unknown user's home stays as it is written.

    Raises:
        SourceNotFoundError: If no file can be called so.
    """
    if "\0" in str(text):
        raise SourceNotFoundError(f"{str(text)!r}: no file can be called so")
    return Path(os.path.expanduser(text))


def find_files(text: str | Path, *, missing_ok: bool = False) -> FoundFiles:
    """Find what a path, a folder or a pattern stands for.

    Args:
        text: Path or pattern.
        missing_ok: Return nothing where nothing is there, and do not look into a single file.

    Raises:
        SourceNotFoundError: If nothing is there.
        SourceError: If a folder cannot be listed, or an image is of a kind that nobody decodes.
    """
    path = expanded(text)
    # These, unlike pathlib's, also answer for names that no file system takes.
    if os.path.isdir(path):
        return _sorted_out(path, _listed(path))
    if os.path.exists(path):
        if missing_ok:
            return FoundFiles(path)
        return (
            FoundFiles(path, images=(path,)) if _is_still(path) else FoundFiles(path, (), (path,))
        )
    found = [Path(match) for match in glob.glob(str(path), recursive=True)]
    if not found and not missing_ok:
        what = "no file matches this pattern" if glob.has_magic(str(path)) else None
        raise SourceNotFoundError(f"{path}: {what or 'no such file or folder'}")
    return _sorted_out(path, found)


def refuse_mixed(text: str | Path, found: FoundFiles) -> None:
    """Make sure that photographs and videos are not in one input.

    Raises:
        SourceError: If they are.
    """
    if found.images and found.videos:
        images, videos = len(found.images), len(found.videos)
        what = f"{images} images and {videos} videos; give one kind, as in '*.jpg'"
        raise SourceError(f"{text}: holds {what}")


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise SourceError(f"{folder}: cannot be listed ({error.strerror})") from error


def _sorted_out(given: Path, found: list[Path]) -> FoundFiles:
    found = sorted(found, key=natural_order)
    images = [path for path in found if is_image_file(path) and path.suffix.lower() != ".gif"]
    videos = [path for path in found if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()]
    return FoundFiles(given, tuple(images), tuple(videos))


def _is_still(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in _UNREADABLE_STILL_SUFFIXES:
        raise SourceError(f"{path}: {suffix[1:].upper()} images cannot be read; convert it to JPEG")
    if suffix in VIDEO_SUFFIXES:
        return False
    check_regular_file(path)
    return suffix in STILL_SUFFIXES or looks_like_still(path)

"""Read photographs, each a frame of its own, or all of them the frames of a video."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from posestream.containers import MAX_PIXELS
from posestream.errors import ConfigError, SourceError
from posestream.images import HostImage
from posestream.sources import SourceInfo
from posestream.sources.stills import STILL_SUFFIXES, read_still
from posestream.types import Frame

_log = logging.getLogger(__name__)


class ImagesSource:
    """Photographs as frames: ``pts`` counts them, ``file`` is the file's name.

    One picture is in memory at a time, each in its own size. One that cannot be read is skipped,
    counted and logged. With a rate they are a video, such as a time lapse: frames have no ``file``,
    and a picture that cannot be read leaves a gap in time.

    Args:
        paths: Image files, in the order they are to come.
        name: Name of the stream.
        max_pixels: Refuse larger pictures.
        rate: Pictures per second of the video that they are; photographs where ``None``.

    Raises:
        ConfigError: If the rate is not above 0.
        SourceNotFoundError: If the first picture does not exist and no other can be read.
        SourceError: If no picture can be read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        name: str,
        max_pixels: int = MAX_PIXELS,
        rate: Fraction | None = None,
    ) -> None:
        if rate is not None and rate <= 0:
            raise ConfigError(f"{name}: rate {rate} must be above 0 pictures per second")
        self.name = name
        self.corrupt_frames = 0
        self._paths = tuple(paths)
        self._max_pixels = max_pixels
        self._closed = False
        self.info = SourceInfo(
            size=self._first_size(),
            frame_rate=rate,
            frame_count=len(self._paths),
            still=rate is None,
        )

    def frames(self) -> Iterator[Frame]:
        """Yield every picture that can be read, once, in order."""
        index = 0
        rate = self.info.frame_rate
        for position, path in enumerate(self._paths):
            if self._closed:
                return
            image = self._try(path)
            if isinstance(image, SourceError):
                self.corrupt_frames += 1
                _log.warning("skipped %s", image)
                continue
            yield Frame(
                stream=self.name,
                index=index,
                pts=position if rate else index,
                time_base=1 / rate if rate else Fraction(1),
                image=image,
                wall_s=time.time(),
                file=None if rate else path.name,
            )
            index += 1

    def close(self) -> None:
        """End the frames; may be called twice, and from another thread."""
        self._closed = True

    def _try(self, path: Path) -> HostImage | SourceError:
        try:
            return read_still(path, max_pixels=self._max_pixels)
        except SourceError as error:
            return error

    def _first_size(self) -> tuple[int, int]:
        first_error = None
        for path in self._paths:
            image = self._try(path)
            if isinstance(image, HostImage):
                return image.size
            first_error = first_error or image
        if first_error is None:
            raise SourceError(f"{self.name}: no images")
        if len(self._paths) == 1:
            raise first_error
        raise SourceError(f"none of {len(self._paths)} images can be read; {first_error}")


def image_files(folder: Path) -> list[Path]:
    """Return the images of a folder in natural order: 2 before 10."""
    return sorted(filter(is_image_file, folder.iterdir()), key=natural_order)


def is_image_file(path: Path) -> bool:
    """Tell whether a path is a visible file with the name of an image."""
    is_image = path.suffix.lower() in STILL_SUFFIXES and not path.name.startswith(".")
    return is_image and path.is_file()


def natural_order(path: Path) -> list[tuple[int, str]]:
    """Return a sorting key that compares the numbers in names as numbers."""
    parts = re.split(r"(\d+)", str(path).casefold())
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]

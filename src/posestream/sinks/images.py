"""Write annotated photographs, each under its own name."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from posestream.errors import OutputExistsError, SinkError
from posestream.types import Frame

_JPEG_QUALITY = 95


class ImageSink:
    """A folder of annotated photographs: PNG for what was a PNG, JPEG for everything else.

    ``walk.webp`` becomes ``walk.jpg``. Where two photographs would get one name, the later becomes
    ``walk-2.jpg``. Each file appears whole or not at all.

    Args:
        folder: Where to write; made if it is not there.
        overwrite: Replace existing files.

    Raises:
        SinkError: If the folder cannot be made or written to.
    """

    def __init__(self, folder: str | Path, *, overwrite: bool = False) -> None:
        self._folder = Path(folder)
        self._overwrite = overwrite
        self._taken: set[str] = set()
        probe = self._folder / ".write-test"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise SinkError(f"{self._folder}: cannot be written ({error.strerror})") from error

    def write(self, frame: Frame) -> None:
        """Write one photograph.

        Raises:
            OutputExistsError: If a file of its name exists and may not be overwritten.
            SinkError: If it cannot be written.
        """
        path = self._folder / self._name(frame)
        if path.exists() and not self._overwrite:
            raise OutputExistsError(f"{path}: exists; allow overwriting, or choose another place")
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_bytes(_encoded(frame, path.suffix))
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise SinkError(f"{path}: cannot be written ({error.strerror})") from error

    def close(self) -> None:
        """Do nothing: every photograph is finished when it is written."""

    def _name(self, frame: Frame) -> str:
        source = Path(frame.file or f"{frame.stream}_{frame.index:06d}.jpg")
        suffix = ".png" if source.suffix.lower() == ".png" else ".jpg"
        name, copy = f"{source.stem}{suffix}", 1
        while name.casefold() in self._taken:
            copy += 1
            name = f"{source.stem}-{copy}{suffix}"
        self._taken.add(name.casefold())
        return name


def _encoded(frame: Frame, suffix: str) -> bytes:
    pixels = cv2.cvtColor(frame.image.rgb(), cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if suffix == ".jpg" else []
    done, data = cv2.imencode(suffix, pixels, options)
    if not done:
        raise SinkError(f"{frame.file}: cannot be encoded as {suffix[1:].upper()}")
    return np.asarray(data, np.uint8).tobytes()

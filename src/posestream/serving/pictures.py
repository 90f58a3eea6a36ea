"""The latest picture of every stream, for whoever wants to look."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass

from posestream.images import HostImage, Image
from posestream.types import Frame

MOSAIC = ""
"""Name of the picture that shows all streams; no stream can be called so."""

_INTEREST_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture and its place among all that were offered."""

    number: int
    """Grows with every picture offered, over all names."""
    image: Image
    """The pixels; nobody draws on them any more."""

    @property
    def in_main_memory(self) -> HostImage:
        """The pixels, brought to main memory if they are not there."""
        image = self.image
        return image if isinstance(image, HostImage) else image.yuv420p_copy()


class LatestPictures:
    """Keeps a reference to the latest picture of each name; safe to use from any thread.

    Nothing is copied, converted or encoded here: `offer` costs a lock and an assignment.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pictures: dict[str, Picture] = {}
        self._wanted_until_s: dict[str, float] = {}
        self._numbers = itertools.count(1)

    def offer(self, name: str, image: Image) -> None:
        """Replace the picture of a name; the image must not be drawn on afterwards."""
        with self._changed:
            self._pictures[name] = Picture(next(self._numbers), image)
            self._changed.notify_all()

    def latest(self, name: str) -> Picture | None:
        """Return the picture of a name, or ``None`` before the first."""
        with self._changed:
            return self._pictures.get(name)

    def wait(self, name: str, after: int, timeout_s: float) -> tuple[int, HostImage] | None:
        """Wait for a picture that is newer than another one.

        Args:
            name: Name of a stream, or `MOSAIC`.
            after: Number of the picture that is known already; 0 for none.
            timeout_s: How long to wait, seconds.

        Returns:
            The newest picture's number and image, or ``None`` if none came in time.
        """

        def newer() -> Picture | None:
            picture = self._pictures.get(name)
            return picture if picture and picture.number > after else None

        with self._changed:
            picture = self._changed.wait_for(newer, timeout_s)
        return (picture.number, picture.in_main_memory) if picture else None

    def forget(self, name: str) -> None:
        """Let go of the picture of a name that is gone."""
        with self._changed:
            self._pictures.pop(name, None)
            self._wanted_until_s.pop(name, None)

    def want(self, name: str) -> None:
        """Note that somebody is looking at a name now."""
        with self._changed:
            self._wanted_until_s[name] = time.monotonic() + _INTEREST_S

    def wanted(self, name: str) -> bool:
        """Tell whether somebody looked lately, so that whoever draws only for this may rest."""
        with self._changed:
            return time.monotonic() < self._wanted_until_s.get(name, 0.0)


class PictureSink:
    """Offers every frame that is written, as a sink among others.

    Args:
        pictures: Where frames are offered.
        name: The name to offer them by: of the stream, or `MOSAIC`.
    """

    def __init__(self, pictures: LatestPictures, name: str) -> None:
        self._pictures = pictures
        self._name = name

    def write(self, frame: Frame) -> None:
        """Offer a frame; its pixels must not be drawn on afterwards."""
        self._pictures.offer(self._name, frame.image)

    def close(self) -> None:
        """Do nothing: the last picture may still be looked at."""

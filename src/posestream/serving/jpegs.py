"""Encode the latest pictures as JPEG, each once however many people look."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np

from posestream.images import HostImage
from posestream.serving.pictures import LatestPictures

WIDTHS = (320, 640, 1280)
"""Widths that a picture may be asked for in, pixels, besides its own."""

_SIDE_BY_SIDE = 2
_FIRST_LOOK_S = 0.4


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An encoded picture."""

    number: int
    """Number of the picture among all that were offered."""
    data: bytes
    """The file."""


class JpegPictures:
    """The latest pictures as JPEG; safe to use from any thread.

    A picture is encoded when it is first asked for, in each width once, and at most two are encoded
    at a time, so that lookers never take more than two processor cores.

    Args:
        pictures: Where the pictures come from.
        quality: JPEG quality, 1 to 100.
    """

    def __init__(self, pictures: LatestPictures, *, quality: int = 80) -> None:
        self._pictures = pictures
        self._quality = quality
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(_SIDE_BY_SIDE)
        self._encoding: dict[tuple[str, int | None], threading.Lock] = {}
        self._encoded: dict[tuple[str, int | None], Jpeg] = {}

    def latest(self, name: str, *, width: int | None = None) -> Jpeg | None:
        """Return the latest picture of a name, or ``None`` before the first.

        Args:
            name: Name of a stream, or `pictures.MOSAIC`.
            width: One of `WIDTHS`; ``None`` for the picture's own. Nothing is ever enlarged.
        """
        self._pictures.want(name)
        with self._lock:
            encoding = self._encoding.setdefault((name, width), threading.Lock())
        with encoding:
            picture = self._pictures.latest(name)
            if picture is None:
                return None
            known = self._encoded.get((name, width))
            if known and known.number == picture.number:
                return known
            with self._turns:
                jpeg = Jpeg(
                    picture.number, encode_jpeg(picture.in_main_memory, width, self._quality)
                )
            self._encoded[name, width] = jpeg
            return jpeg

    def current(self, name: str, *, width: int | None = None) -> Jpeg | None:
        """Return a picture for somebody who takes a single look.

        Where nobody looked before, the run may have stopped drawing: a newer picture is waited for,
        shortly.
        """
        picture = self._pictures.latest(name)
        if picture is None or not self._pictures.wanted(name):
            self._pictures.want(name)
            self._pictures.wait(name, picture.number if picture else 0, _FIRST_LOOK_S)
        return self.latest(name, width=width)


def encode_jpeg(image: HostImage, width: int | None, quality: int) -> bytes:
    """Encode a picture as JPEG.

    Args:
        image: The picture.
        width: Width to shrink to, pixels; ``None``, or more than it has, for its own.
        quality: JPEG quality, 1 to 100.
    """
    own_width, own_height = image.size
    width = min(width or own_width, own_width)
    pixels = image.resized_rgb(width, max(1, round(own_height * width / own_width)))
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(data).tobytes()

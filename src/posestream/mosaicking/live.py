"""A mosaic by the wall clock: each picture shows what every camera shows now."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from posestream.images import Image
from posestream.mosaicking import Epilogue
from posestream.mosaicking.board import Board, View
from posestream.mosaicking.reel import Reel
from posestream.overlay.tiles import SQUARE
from posestream.sinks import FrameSink
from posestream.types import Frame


@dataclass(slots=True, eq=False)
class _Camera:
    pixel_aspect: Fraction
    image: Image | None = None
    arrived_s: float = -math.inf
    ended: bool = False


class LiveMosaic:
    """Shows the latest frame of every stream, at a steady rate.

    Nobody ever waits for it: frames that come faster than its rate are passed over, and where it
    cannot keep up with its own rate, it leaves pictures out, with the others at their right time.

    Args:
        sinks: Take the pictures; closed at the end.
        board: Where they are drawn.
        rate: Pictures per second.
        status: Says why a stream has no pictures, or ``None`` if it should have; asked on the
            mosaic's thread.
        epilogue: Takes how all streams stand when it is closed.
        stale_after_s: How long a stream may show its latest picture without another one.
    """

    def __init__(
        self,
        sinks: Sequence[FrameSink],
        board: Board,
        *,
        rate: Fraction,
        status: Callable[[str], str | None],
        epilogue: Epilogue | None = None,
        stale_after_s: float = 2.0,
    ) -> None:
        self._board = board
        self._rate = rate
        self._status = status
        self._epilogue = epilogue
        self._stale_after_s = stale_after_s
        self._cameras: dict[str, _Camera] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._reel = Reel(sinks, self._make)

    @property
    def frames(self) -> int:
        """Pictures written so far."""
        return self._reel.frames

    @property
    def error(self) -> Exception | None:
        """What ended the mosaic before its time; ``None`` while all is well."""
        return self._reel.error

    def add(
        self, stream: str, *, frame_rate: Fraction | None = None, pixel_aspect: Fraction = SQUARE
    ) -> None:
        """Give a stream a place, or tell more about one that has a place."""
        with self._changed:
            camera = self._cameras.get(stream)
            if camera is None:
                self._board.tiles(len(self._cameras) + 1)
                self._cameras[stream] = _Camera(pixel_aspect)
                self._changed.notify_all()
            else:
                camera.pixel_aspect = pixel_aspect

    def remove(self, stream: str) -> None:
        """Take a stream's place away."""
        with self._changed:
            self._cameras.pop(stream, None)

    def show(self, stream: str, frame: Frame) -> None:
        """Show a frame from now on; returns at once."""
        with self._changed:
            camera = self._cameras.get(stream)
            if camera is not None:
                camera.image, camera.arrived_s = frame.image, time.monotonic()
                camera.ended = False

    def ended(self, stream: str) -> None:
        """Keep the stream's last picture, dimmed."""
        with self._changed:
            camera = self._cameras.get(stream)
            if camera is not None:
                camera.ended = True

    def close(self) -> None:
        """Make no more pictures and close the sinks; may be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._reel.finish()

    def _make(self, reel: Reel) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._cameras)
        begun_s, tick = time.monotonic(), 0
        while not self._closing:
            views = self._views()
            if views:
                reel.write(self._board.draw(views), tick=tick, rate=self._rate)
            tick = max(tick + 1, math.floor((time.monotonic() - begun_s) * self._rate))
            with self._changed:
                wait_s = begun_s + float(tick / self._rate) - time.monotonic()
                self._changed.wait_for(lambda: self._closing, max(wait_s, 0.0))
        if self._epilogue is not None and (views := self._views()):
            self._epilogue(self._board.draw(views), tick, self._rate)

    def _views(self) -> list[View]:
        with self._changed:
            cameras = [
                (name, c.image, c.ended, c.arrived_s, c.pixel_aspect)
                for name, c in self._cameras.items()
            ]
        now_s = time.monotonic()
        views: list[View] = []
        for name, image, ended, arrived_s, pixel_aspect in cameras:
            # Asked without the lock: who answers may hold one that somebody who calls us wants.
            trouble, age_s = self._status(name), now_s - arrived_s
            if not (trouble or ended or image is None) and age_s > self._stale_after_s:
                trouble = f"no picture for {math.floor(age_s)} s"
            views.append(
                View.of(name, image, ended=ended, trouble=trouble, pixel_aspect=pixel_aspect)
            )
        return views

"""A mosaic by the files' own clocks: the same pictures in every run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from posestream.images import HostImage, Image
from posestream.mosaicking import Epilogue
from posestream.mosaicking.board import Board, View
from posestream.mosaicking.drawn_later import DrawnLater
from posestream.mosaicking.lanes import Lane
from posestream.mosaicking.reel import Reel
from posestream.overlay.tiles import SQUARE
from posestream.sinks import FrameSink
from posestream.types import Frame

HIGHEST_RATE = Fraction(60)
"""Pictures per second at most, however many the streams have."""


class _Shown(NamedTuple):
    name: str
    image: Image | None
    pixel_aspect: Fraction
    is_over: bool


class _Step(NamedTuple):
    tick: int
    rate: Fraction
    shown: list[_Shown]


class AlignedMosaic:
    """Shows at each time what every stream shows at that time after its first frame.

    Every frame comes out that a picture is made for, so streams that are ahead wait in `show`. A
    stream holds the others up only while it runs and its next frame is not there yet.

    Args:
        sinks: Take the pictures; closed at the end.
        board: Where they are drawn.
        rate: Pictures per second if no stream says how many it has.
        status: Says what is wrong with a stream, or ``None``; asked on the mosaic's thread about
            streams that have ended or have not begun.
        epilogue: Takes how all streams stand after the last picture, if there was one.
    """

    def __init__(
        self,
        sinks: Sequence[FrameSink],
        board: Board,
        *,
        rate: Fraction,
        status: Callable[[str], str | None],
        epilogue: Epilogue | None = None,
    ) -> None:
        self._board = board
        self._epilogue = epilogue
        self._fallback_rate = rate
        self._status = status
        self._lock = threading.Lock()
        self._ready = threading.Condition(self._lock)
        self._lanes: dict[str, Lane] = {}
        self._room = (2, 2)
        self._tick = 0
        self._rate: Fraction | None = None
        self._closing = self._over = False
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
        with self._lock:
            if stream not in self._lanes:
                self._lay_out(len(self._lanes) + 1)
                joins_late = self._rate is not None
                self._lanes[stream] = Lane(self._lock, joins_late=joins_late)
            lane = self._lanes[stream]
            lane.frame_rate, lane.pixel_aspect = frame_rate, pixel_aspect

    def remove(self, stream: str) -> None:
        """Take a stream's place away, and let go who waits in its `show`."""
        with self._lock:
            lane = self._lanes.pop(stream, None)
            if lane is not None:
                lane.changed.notify_all()
                if self._lanes:
                    self._lay_out(len(self._lanes))
                self._go_on()

    def show(self, stream: str, frame: Frame) -> None:
        """Take a stream's next frame; waits while the stream is too far ahead of the others."""
        with self._lock:
            lane, room = self._lanes.get(stream), self._room
            if lane is None or self._over or self._closing:
                return
            if lane.ended:
                lane.restart()
        image: HostImage | DrawnLater
        if isinstance(frame.image, DrawnLater):
            image = frame.image  # a GPU scales all of them at once
        else:
            # On the stream's own thread, so that streams are scaled side by side.
            image = lane.scaler.fit(frame.image, room, pixel_aspect=lane.pixel_aspect)
        time_s = frame.pts * frame.time_base
        with self._lock:
            lane.changed.wait_for(
                lambda: self._is_shut(stream, lane) or lane.has_room(time_s, self._rate)
            )
            if not self._is_shut(stream, lane):
                now_s = self._tick / self._rate if self._rate is not None else Fraction(0)
                lane.append(time_s, image, now_s=now_s, rate=self._rate)
                self._go_on()

    def ended(self, stream: str) -> None:
        """Keep the stream's last picture, dimmed, after it was shown."""
        with self._lock:
            lane = self._lanes.get(stream)
            if lane is not None:
                lane.ended = True
                self._go_on()

    def close(self) -> None:
        """Make the pictures that can still be made and close the sinks; may be called twice."""
        with self._lock:
            self._closing = True
            for lane in self._lanes.values():
                lane.ended = True
            self._go_on()
            self._release()
        self._reel.finish()

    def _is_shut(self, stream: str, lane: Lane) -> bool:
        """Tell whether nobody wants a stream's frames any more."""
        return self._over or self._closing or self._lanes.get(stream) is not lane

    def _lay_out(self, count: int) -> None:
        tile = self._board.tiles(count)[0]
        self._room = (tile.width, tile.height)

    def _go_on(self) -> None:
        """Make the next picture, or the first, if everything that it shows is known."""
        lanes = self._lanes.values()
        is_there = any(lane.waits for lane in lanes)
        if self._rate is None and is_there and not any(lane.holds_up_the_start for lane in lanes):
            rates = [lane.frame_rate for lane in lanes if lane.frame_rate is not None]
            self._rate = min(max(rates, default=self._fallback_rate), HIGHEST_RATE)
            for lane in lanes:
                lane.begin(self._rate)
        if self._next_is_known():
            self._ready.notify()

    def _next_is_known(self) -> bool:
        lanes, rate = self._lanes.values(), self._rate
        if rate is None or not any(lane.waits for lane in lanes):
            return False
        return all(lane.knows(self._tick, rate) for lane in lanes)

    def _release(self) -> None:
        """Wake everybody up to see that it is over, or soon will be."""
        self._ready.notify_all()
        for lane in self._lanes.values():
            lane.changed.notify_all()

    def _make(self, reel: Reel) -> None:
        try:
            while (step := self._next_step()) is not None:
                views = [self._view(shown) for shown in step.shown]
                reel.write(self._board.draw(views), tick=step.tick, rate=step.rate)
            self._tell_end()
        finally:
            with self._lock:
                self._over = True
                self._release()

    def _next_step(self) -> _Step | None:
        """Wait for the next tick and go on to what it shows; None if there are no more."""
        with self._lock:
            self._ready.wait_for(lambda: self._closing or self._next_is_known())
            if self._rate is None or not self._next_is_known():
                return None
            tick, rate = self._tick, self._rate
            self._tick += 1
            shown: list[_Shown] = []
            for name, lane in self._lanes.items():
                is_new = lane.take(tick, rate)
                is_over = lane.ended and not lane.waits and not is_new
                shown.append(_shown(name, lane, is_over=is_over))
            return _Step(tick, rate, shown)

    def _tell_end(self) -> None:
        with self._lock:
            rate, tick = self._rate, self._tick
            over = [_shown(name, lane, is_over=True) for name, lane in self._lanes.items()]
        if self._epilogue is not None and rate is not None and over:
            views = [self._view(shown) for shown in over]
            self._epilogue(self._board.draw(views), tick, rate)

    def _view(self, shown: _Shown) -> View:
        # Asked without the lock: who answers may hold one that somebody who calls us wants.
        asks = shown.is_over or shown.image is None
        trouble = self._status(shown.name) if asks else None
        return View.of(
            shown.name,
            shown.image,
            ended=shown.is_over,
            trouble=trouble,
            pixel_aspect=shown.pixel_aspect,
        )


def _shown(name: str, lane: Lane, *, is_over: bool) -> _Shown:
    aspect = lane.pixel_aspect if isinstance(lane.image, DrawnLater) else SQUARE
    return _Shown(name, lane.image, aspect, is_over)

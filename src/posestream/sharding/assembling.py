"""One mosaic out of the tiles that several processes draw."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction

from posestream.images import HostImage
from posestream.mosaicking.reel import Reel
from posestream.overlay.layout import Tile
from posestream.overlay.mosaic import MosaicCanvas
from posestream.sharding.messages import SheetMade
from posestream.sharding.sheets import SheetMemory
from posestream.sinks import FrameSink

LIVE_RATE = Fraction(25)
"""Pictures per second of a mosaic by the clock on the wall."""


class SheetLane:
    """The sheets of one process; used with the mosaic's lock held, but for what says otherwise.

    Args:
        memory: Where they are.
        tiles: Their tiles, one for each stream.
        places: Where each tile stands in the whole.
        changed: Told of every sheet; its lock is the mosaic's.
        free: Tells the process that a sheet has been used.
    """

    def __init__(
        self,
        memory: SheetMemory,
        tiles: Sequence[Tile],
        places: Sequence[int],
        *,
        changed: threading.Condition,
        free: Callable[[int], None],
    ) -> None:
        self.places = places
        self.waiting: deque[SheetMade] = deque()
        self.over = self.lost = self.shown = False
        self._memory, self._tiles = memory, tiles
        self._changed, self._free = changed, free
        self._discards = False

    @property
    def known(self) -> bool:
        """Whether the next sheet is there, or none comes any more."""
        return bool(self.waiting) or self.over

    def add(self, sheet: SheetMade) -> None:
        """Take a sheet; takes the lock itself."""
        with self._changed:
            if self._discards:
                self._free(sheet.slot)
            else:
                self.waiting.append(sheet)
                self._changed.notify_all()

    def end(self, *, lost: bool) -> None:
        """Expect no more sheets; takes the lock itself.

        Args:
            lost: Whether that is because the process is gone.
        """
        with self._changed:
            self.over, self.lost = True, lost
            self._changed.notify_all()

    def discard(self) -> None:
        """Use no sheet any more, and let nobody wait for that; takes the lock itself."""
        with self._changed:
            self._discards = True
            while self.waiting:
                self._free(self.waiting.popleft().slot)

    def paste(self, canvas: MosaicCanvas) -> None:
        """Draw the next sheet's tiles where they belong, and free it."""
        sheet = self.waiting.popleft()
        planes = self._memory.planes(sheet.slot)
        for place, tile in zip(self.places, self._tiles, strict=False):
            canvas.paste(place, planes, tile)
        self.shown = True
        self._free(sheet.slot)


class SheetMosaic:
    """Puts the tiles of several processes together and hands the pictures to sinks.

    By the files' clocks every sheet is shown at its time, which counts from the first frames on,
    and processes that are ahead wait. By the clock on the wall the latest sheets are shown. The
    tiles of a process that is gone say so.

    Args:
        sinks: Take the pictures; closed at the end.
        lanes: The processes' sheets.
        names: Names of all streams, in the order of their places.
        changed: What the lanes were given.
        tiles: Places of the whole.
        size: Width and height of the whole, pixels.
        live: Whether it goes by the clock on the wall.
        trouble: Says why a stream has no pictures, or None.
    """

    def __init__(
        self,
        sinks: Sequence[FrameSink],
        lanes: Sequence[SheetLane],
        names: Sequence[str],
        *,
        changed: threading.Condition,
        tiles: Sequence[Tile],
        size: tuple[int, int],
        live: bool,
        trouble: Callable[[str], str | None],
    ) -> None:
        self._lanes, self._names, self._changed = lanes, names, changed
        self._trouble = trouble
        self._canvas = MosaicCanvas(tiles, size)
        self._said: dict[int, str] = {}
        self._closing = False
        self._reel = Reel(sinks, self._make_live if live else self._make_aligned)

    @property
    def frames(self) -> int:
        """Pictures written so far."""
        return self._reel.frames

    def close(self) -> None:
        """Make what can still be made and close the sinks, once the processes are over.

        Raises:
            SinkError: If a sink failed at any time; all are closed nevertheless.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._reel.finish()

    def _make_live(self, reel: Reel) -> None:
        begun_s, tick = time.monotonic(), 0
        with self._discarding():
            while not self._closing:
                with self._changed:
                    for lane in self._lanes:
                        while lane.waiting:
                            lane.paste(self._canvas)
                reel.write(self._picture(), tick=tick, rate=LIVE_RATE)
                tick = max(tick + 1, math.floor((time.monotonic() - begun_s) * LIVE_RATE))
                with self._changed:
                    wait_s = begun_s + float(tick / LIVE_RATE) - time.monotonic()
                    self._changed.wait_for(lambda: self._closing, max(wait_s, 0.0))

    def _make_aligned(self, reel: Reel) -> None:
        with self._discarding():
            rate, tick = self._rate(), 0
            while self._advance(tick / rate):
                reel.write(self._picture(), tick=tick, rate=rate)
                tick += 1

    def _rate(self) -> Fraction:
        """Return the highest rate of all sheets; waits for the first ones."""
        with self._changed:
            self._changed.wait_for(lambda: all(lane.known for lane in self._lanes))
            firsts = [lane.waiting[0] for lane in self._lanes if lane.waiting]
            return max((1 / sheet.time_base for sheet in firsts), default=LIVE_RATE)

    def _advance(self, now_s: Fraction) -> bool:
        """Draw every sheet up to a time; return whether any of them, or a later one, counts."""
        with self._changed:
            drawn = False
            for lane in self._lanes:
                while self._comes(lane, now_s):
                    drawn |= not lane.waiting[0].last
                    lane.paste(self._canvas)
            return drawn or any(lane.waiting and not lane.waiting[0].last for lane in self._lanes)

    def _comes(self, lane: SheetLane, now_s: Fraction) -> bool:
        """Wait for a lane's next sheet; return whether it is to be shown by now."""
        self._changed.wait_for(lambda: lane.known)
        if not lane.waiting:
            return False
        sheet = lane.waiting[0]
        return sheet.tick * sheet.time_base <= now_s

    def _picture(self) -> HostImage:
        """Return the whole picture, with words where there are no tiles."""
        for lane in self._lanes:
            if not lane.shown or lane.lost:
                for place in lane.places:
                    self._say(place)
        return self._canvas.image()

    def _say(self, place: int) -> None:
        # Asked without the lock: who answers may hold one that somebody who calls us wants.
        name = self._names[place]
        if self._said.get(place) != (words := self._trouble(name) or ""):
            self._said[place] = words
            self._canvas.no_signal(place, name=name, reason=words)

    @contextmanager
    def _discarding(self) -> Iterator[None]:
        """Let no process wait for a mosaic that is over, however it ended."""
        try:
            yield
        finally:
            for lane in self._lanes:
                lane.discard()

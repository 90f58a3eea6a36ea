"""One mosaic out of several processes' tiles."""

import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from posestream.errors import SinkError
from posestream.images import plane_arrays
from posestream.overlay.layout import Tile
from posestream.sharding.assembling import SheetLane, SheetMosaic
from posestream.sharding.messages import SheetMade
from posestream.sharding.sheets import SheetMemory
from posestream.types import Frame

SIZE = (128, 36)
LEFT, RIGHT = Tile(0, 0, 64, 36), Tile(64, 0, 64, 36)


class Kept:
    """Keeps the brightness of both tiles of each picture."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        self.shown: list[tuple[int, int]] = []
        self.times: list[Fraction] = []
        self.closed = False
        self._fails_at = fails_at

    def write(self, frame: Frame) -> None:
        if len(self.shown) == self._fails_at:
            raise SinkError("no room")
        luma = plane_arrays(frame.image.frame)[0]
        self.shown.append((int(luma[10, 10]), int(luma[10, 74])))
        self.times.append(frame.pts * frame.time_base)

    def close(self) -> None:
        self.closed = True


class Half:
    """A process that draws one tile; what it would send comes from the test."""

    def __init__(self, place: int, changed: threading.Condition) -> None:
        self.memory = SheetMemory.made((64, 36))
        self.free = threading.Semaphore(2)
        self._slots = [0, 1]
        self.lane = SheetLane(self.memory, [LEFT], [place], changed=changed, free=self._freed)

    def _freed(self, slot: int) -> None:
        self._slots.append(slot)
        self.free.release()

    def make(self, level: int, tick: int, *, rate: int = 25, last: bool = False) -> None:
        assert self.free.acquire(timeout=10)
        slot = self._slots.pop(0)
        for plane in self.memory.planes(slot):
            plane[:] = level
        self.lane.add(SheetMade(slot, tick, Fraction(1, rate), last))


@pytest.fixture
def halves():
    changed = threading.Condition()
    made = [Half(place, changed) for place in (0, 1)]
    yield changed, *made
    for half in made:
        half.memory.forget()


def mosaic(sink: Kept, changed, *halves: Half, live: bool = False, trouble=lambda _: None):
    return SheetMosaic(
        [sink],
        [half.lane for half in halves],
        ["door", "yard"],
        changed=changed,
        tiles=[LEFT, RIGHT],
        size=SIZE,
        live=live,
        trouble=trouble,
    )


def test_each_picture_shows_all_sheets_of_its_time(halves):
    changed, door, yard = halves
    sink = Kept()
    whole = mosaic(sink, changed, door, yard)

    def run(half: Half, levels: range) -> None:
        for tick, level in enumerate(levels):
            half.make(level, tick)
        half.lane.end(lost=False)

    threads = [
        threading.Thread(target=run, args=(door, range(100, 106))),
        threading.Thread(target=run, args=(yard, range(200, 203))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    whole.close()
    assert sink.shown == [(100 + n, 200 + min(n, 2)) for n in range(6)]
    assert sink.times == [Fraction(n, 25) for n in range(6)]
    assert sink.closed


def test_processes_with_other_rates_are_shown_by_their_times(halves):
    changed, door, yard = halves
    sink = Kept()
    whole = mosaic(sink, changed, door, yard)
    slow = threading.Thread(target=lambda: [door.make(100 + n, n, rate=10) for n in range(3)])
    slow.start()
    for n in range(6):
        if n == 5:
            slow.join(10)
        yard.make(200 + n, n, rate=20)
    for half in (door, yard):
        half.lane.end(lost=False)
    whole.close()
    assert sink.shown == [
        (100, 200),
        (100, 201),
        (101, 202),
        (101, 203),
        (102, 204),
        (102, 205),
    ]


def test_how_a_process_ended_is_shown_while_others_go_on_and_makes_no_picture(halves):
    changed, door, yard = halves
    sink = Kept()
    whole = mosaic(sink, changed, door, yard)
    door.make(100, 0)
    door.make(40, 1, last=True)
    door.lane.end(lost=False)
    for n in range(3):
        yard.make(200 + n, n)
    yard.make(50, 3, last=True)
    yard.lane.end(lost=False)
    whole.close()
    assert sink.shown == [(100, 200), (40, 201), (40, 202)]


def test_the_tiles_of_a_process_that_is_gone_say_why(halves):
    changed, door, yard = halves
    sink = Kept()
    asked: list[str] = []

    def trouble(name: str) -> str:
        asked.append(name)
        return "failed: killed"

    whole = mosaic(sink, changed, door, yard, trouble=trouble)
    door.make(100, 0)
    yard.make(200, 0)
    door.lane.end(lost=True)
    yard.make(201, 1)
    yard.lane.end(lost=False)
    whole.close()
    assert sink.shown[-1][1] == 201
    assert sink.shown[-1][0] != 100
    assert set(asked) == {"door"}


def test_by_the_clock_on_the_wall_the_latest_sheets_are_shown(halves):
    changed, door, yard = halves
    sink = Kept()
    whole = mosaic(sink, changed, door, yard, live=True, trouble=lambda _: "connecting")
    for n in range(4):
        door.make(100 + n, n)
    deadline_s = time.monotonic() + 10
    while not any(left == 103 for left, _ in sink.shown) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    whole.close()
    assert sink.shown[-1][0] == 103
    assert sink.shown[-1][1] not in range(200, 256)
    assert np.all(np.diff([float(t) for t in sink.times]) > 0)


def test_nobody_waits_for_a_mosaic_that_failed(halves):
    changed, door, yard = halves
    whole = mosaic(Kept(fails_at=1), changed, door, yard)
    for n in range(20):
        door.make(100, n)
        yard.make(200, n)
    for half in (door, yard):
        half.lane.end(lost=False)
    with pytest.raises(SinkError, match="no room"):
        whole.close()


def test_nobody_waits_for_a_mosaic_that_never_began(halves):
    _, door, _ = halves
    door.make(1, 0)
    door.make(2, 1)
    door.lane.discard()
    door.make(3, 2)
    assert door.free.acquire(timeout=0)

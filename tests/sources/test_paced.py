import threading
import time
from collections.abc import Iterator
from fractions import Fraction

import pytest

from posestream.errors import SourceError
from posestream.sources import SourceInfo
from posestream.sources.fake import FakeSource
from posestream.sources.paced import PacedSource
from posestream.sources.pacing import Pacer
from posestream.types import Frame


class Clock:
    """Time that passes only where somebody waits, in place of the clock and the event."""

    def __init__(self) -> None:
        self.now_s = 500.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now_s

    def wait(self, timeout: float) -> bool:
        self.waits.append(timeout)
        self.now_s += timeout
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("posestream.sources.pacing.time", clock)
    return clock


def test_times_are_played_with_their_distances_whatever_the_first_one_is(clock: Clock):
    pacer = Pacer(clock)
    for time_s in (70.0, 70.04, 70.5, 70.6):
        assert pacer.wait(time_s)
    assert clock.waits == pytest.approx([0, 0.04, 0.46, 0.1])


def test_what_is_a_little_late_comes_at_once_and_the_pace_is_caught_up(clock: Clock):
    pacer = Pacer(clock)
    pacer.wait(0)
    clock.now_s += 0.5
    for time_s in (0.2, 0.4, 0.6):
        pacer.wait(time_s)
    assert clock.waits == pytest.approx([0, 0, 0, 0.1])


def test_what_is_far_too_late_does_not_come_in_one_bunch(clock: Clock):
    pacer = Pacer(clock)
    pacer.wait(0)
    clock.now_s += 60
    for time_s in (0.1, 0.2, 0.3):
        pacer.wait(time_s)
    assert clock.waits == pytest.approx([0, 0, 0.1, 0.1])


def test_a_recording_counts_as_live_and_has_no_number_of_frames():
    source = PacedSource(FakeSource("door", frames=3))
    assert source.name == "door"
    assert source.info.live
    assert source.info.frame_count is None
    assert source.info.size == (640, 360)


def test_frames_come_once_in_order_at_their_own_pace():
    source = PacedSource(FakeSource("door", rate=Fraction(50), frames=11))
    start_s = time.monotonic()
    frames = list(source.frames())
    assert time.monotonic() - start_s >= 0.199
    assert [frame.index for frame in frames] == list(range(11))
    assert frames[-1].wall_s - frames[0].wall_s > 0.1


def test_a_recording_that_fails_fails_here_too():
    source = PacedSource(FakeSource("door", rate=Fraction(200), fail_after=2))
    with pytest.raises(SourceError, match="failed after 2 frames"):
        list(source.frames())


def test_closing_from_another_thread_wakes_a_long_wait():
    source = PacedSource(FakeSource("door", rate=Fraction(1, 100)))
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(f.index for f in source.frames()))
    reader.start()
    while not got:
        time.sleep(0.01)
    source.close()
    source.close()
    reader.join(5)
    assert not reader.is_alive()
    assert got == [0]


class Damaged:
    name, corrupt_frames = "door", 4
    info = SourceInfo(size=(640, 360), frame_rate=None, frame_count=9)

    def frames(self) -> Iterator[Frame]:
        yield from ()

    def close(self) -> None:
        pass


def test_damage_is_counted_by_the_recording():
    assert PacedSource(Damaged()).corrupt_frames == 4

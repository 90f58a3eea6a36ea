import itertools
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import clips
from posestream.errors import SourceError
from posestream.images import HostImage
from posestream.sources import Source, SourceInfo
from posestream.sources.fake import FakeSource
from posestream.sources.file import VideoFileSource
from posestream.sources.looped import LoopedSource
from posestream.sources.paced import PacedSource
from posestream.types import Frame

IMAGE = HostImage(next(FakeSource("x", size=(64, 48)).frames()).image.frame)


class Round:
    """Frames at given ticks of a given time base."""

    def __init__(
        self,
        times: Sequence[int],
        tick: Fraction = Fraction(1, 25),
        *,
        name: str = "door",
        corrupt: int = 0,
        rate: Fraction | None = Fraction(25),
    ) -> None:
        self.name = name
        self.times, self.tick = times, tick
        self.corrupt_frames = corrupt
        self.closed = False
        self.info = SourceInfo(
            size=(64, 48), frame_rate=rate, frame_count=len(times), path=Path("a.mp4")
        )

    def frames(self) -> Iterator[Frame]:
        for index, pts in enumerate(self.times):
            yield Frame(self.name, index, pts, self.tick, IMAGE, wall_s=index)

    def close(self) -> None:
        self.closed = True


def looped(*rounds: Source) -> LoopedSource:
    return LoopedSource(iter(rounds).__next__)


def first(source: Source, count: int) -> list[Frame]:
    return list(itertools.islice(source.frames(), count))


def test_numbers_and_times_go_on_one_frame_interval_after_the_end():
    frames = first(looped(*(Round([10, 11, 12]) for _ in range(3))), 9)
    assert [frame.index for frame in frames] == list(range(9))
    assert [frame.pts for frame in frames] == list(range(10, 19))


def test_an_irregular_recording_keeps_its_distances_in_every_round():
    frames = first(looped(*(Round([0, 30, 100], Fraction(1, 1000)) for _ in range(2))), 6)
    assert [frame.pts for frame in frames] == [0, 30, 100, 140, 170, 240]


def test_rounds_with_other_ticks_are_told_in_those_of_the_first():
    rounds = Round([0, 40, 80], Fraction(1, 1000)), Round([900, 1800], Fraction(1, 90_000))
    frames = first(looped(*rounds), 5)
    assert {frame.time_base for frame in frames} == {Fraction(1, 1000)}
    assert [frame.pts for frame in frames] == [0, 40, 80, 120, 130]


def test_every_round_belongs_to_the_stream_of_the_first():
    source = looped(Round([0], name="door"), Round([0], name="other"))
    assert source.name == "door"
    assert {frame.stream for frame in first(source, 2)} == {"door"}


def test_an_endless_stream_has_no_number_of_frames_and_no_file_with_its_sound():
    info = looped(Round([0, 1])).info
    assert (info.frame_count, info.path, info.live) == (None, None, False)
    assert info.frame_rate == 25


def test_damage_adds_up_over_the_rounds():
    source = looped(Round([0, 1], corrupt=2), Round([0, 1], corrupt=3))
    frames = source.frames()
    assert source.corrupt_frames == 2
    for _ in range(4):
        next(frames)
    assert source.corrupt_frames == 5


def test_a_round_is_closed_before_the_next_is_opened():
    opened: list[Round] = []

    def open_round() -> Round:
        assert all(earlier.closed for earlier in opened)
        opened.append(Round([0, 1]))
        return opened[-1]

    source = LoopedSource(open_round)
    assert len(first(source, 7)) == 7
    source.close()
    assert [each.closed for each in opened] == [True] * 4


@pytest.mark.parametrize("whole_rounds", [0, 1, 2])
def test_a_round_without_a_frame_is_an_error_and_no_busy_loop(whole_rounds: int):
    source = looped(*(Round([0, 1]) for _ in range(whole_rounds)), Round([]))
    frames = source.frames()
    for _ in range(2 * whole_rounds):
        next(frames)
    with pytest.raises(SourceError, match="door: ended without a frame, so it cannot be looped"):
        next(frames)


def test_a_round_that_cannot_be_opened_ends_the_loop():
    def again() -> Source:
        if opened:
            raise SourceError("door: gone")
        opened.append(True)
        return Round([0, 1])

    opened: list[bool] = []
    frames = LoopedSource(again).frames()
    assert [next(frames).index for _ in range(2)] == [0, 1]
    with pytest.raises(SourceError, match="door: gone"):
        next(frames)


def test_closing_ends_the_loop_also_before_the_first_frame():
    source = LoopedSource(lambda: FakeSource("door", frames=3))
    source.close()
    assert list(source.frames()) == []


def test_closing_from_another_thread_ends_the_loop():
    source = LoopedSource(lambda: FakeSource("door", size=(64, 48), frames=3))
    running = threading.Event()

    def read() -> None:
        for frame in source.frames():
            if frame.index > 20:
                running.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert running.wait(10)
    source.close()
    reader.join(10)
    assert not reader.is_alive()


def test_a_round_that_is_opened_while_another_thread_closes_is_closed_too():
    rounds: list[Round] = []

    def open_round() -> Round:
        if rounds:
            source.close()
        rounds.append(Round([0, 1]))
        return rounds[-1]

    source = LoopedSource(open_round)
    assert len(list(source.frames())) == 2
    assert [each.closed for each in rounds] == [True, True]


def test_a_file_is_played_round_after_round(tmp_path: Path):
    path = clips.record(tmp_path / "a.mp4", frames=5)
    source = LoopedSource(lambda: VideoFileSource(path))
    frames = first(source, 12)
    source.close()
    numbers = [clips.number_in(frame.image.rgb()) for frame in frames]
    assert numbers == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]
    times_s = [frame.pts_s for frame in frames]
    assert times_s == pytest.approx([index * 0.04 for index in range(12)])


def test_a_loop_can_be_played_in_real_time():
    source = PacedSource(LoopedSource(lambda: FakeSource("door", rate=Fraction(100), frames=3)))
    assert source.info.live
    assert [frame.index for frame in first(source, 8)] == list(range(8))


ticks = st.sampled_from([Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 10**9), Fraction(7)])
increasing = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=6, unique=True).map(
    sorted
)


@given(
    st.lists(st.tuples(increasing, ticks), min_size=1, max_size=5),
    st.none() | st.fractions(Fraction(1, 1000), 1000),
)
def test_times_strictly_increase_over_any_rounds(
    rounds: list[tuple[list[int], Fraction]], rate: Fraction | None
):
    source = looped(*(Round(times, tick, rate=rate) for times, tick in rounds))
    frames = first(source, sum(len(times) for times, _ in rounds))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert len({frame.time_base for frame in frames}) == 1
    assert all(a.pts < b.pts for a, b in itertools.pairwise(frames))

import itertools
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from posestream.sources.timestamps import Timeline

MILLISECOND = Fraction(1, 1000)


def placed(times: list[int | None], *, rate: int = 25, tick: Fraction = MILLISECOND) -> list[int]:
    timeline = Timeline(time_base=tick, frame_rate=Fraction(rate))
    return [timeline.place(pts) for pts in times]


def test_increasing_times_stay_exactly_as_they_are():
    assert placed([7, 40, 95, 96, 9000]) == [7, 40, 95, 96, 9000]


def test_a_missing_time_comes_one_frame_interval_after_the_previous():
    assert placed([0, None, None, 120]) == [0, 40, 80, 120]


def test_a_first_frame_without_a_time_comes_at_the_start():
    timeline = Timeline(time_base=MILLISECOND, frame_rate=Fraction(25), start=500)
    assert [timeline.place(None), timeline.place(None)] == [500, 540]


def test_a_repeated_time_comes_half_an_interval_later_and_the_next_keep_theirs():
    assert placed([0, 40, 40, 80, 120]) == [0, 40, 60, 80, 120]


def test_a_time_that_goes_back_a_little_does_not_move_what_follows():
    assert placed([0, 40, 80, 60, 120]) == [0, 40, 80, 100, 120]


def test_coarse_ticks_still_increase():
    assert placed([0, 1, 1, 2, 3, 5], tick=Fraction(1, 25)) == [0, 1, 2, 3, 4, 5]


def test_one_stray_frame_from_far_back_does_not_move_what_follows():
    assert placed([5000, 5040, 1000, 5080, 5120]) == [5000, 5040, 5060, 5080, 5120]


def test_a_restarted_clock_goes_on_where_it_was():
    assert placed([5000, 5040, 0, 40, 80, 120]) == [5000, 5040, 5060, 5100, 5140, 5180]


def test_an_unknown_rate_counts_as_25_frames_a_second():
    timeline = Timeline(time_base=MILLISECOND)
    assert timeline.interval == 40


@given(
    st.lists(st.none() | st.integers(-(10**6), 10**6), max_size=50),
    st.sampled_from([Fraction(1, 25), Fraction(1001, 30000), Fraction(1, 90000)]),
)
def test_times_always_increase(times: list[int | None], tick: Fraction):
    result = placed(times, tick=tick)
    assert all(earlier < later for earlier, later in itertools.pairwise(result))

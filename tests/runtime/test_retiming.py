import itertools
from dataclasses import fields, replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from small_streams import picture

from posestream.runtime.retiming import LiveTimeline
from posestream.types import Frame

RATE = 25


def frame(pts: int, *, time_base: Fraction = Fraction(1, RATE)) -> Frame:
    return Frame("s", 7, pts, time_base, picture(0), 0.0)


def placed(timeline: LiveTimeline, pts: int, arrived_s: float) -> float:
    return timeline.place(frame(pts), arrived_s=arrived_s).pts_s


def test_time_begins_at_zero_and_numbers_go_on():
    timeline = LiveTimeline()
    frames = [timeline.place(frame(1000 + i), arrived_s=50 + i / RATE) for i in range(5)]
    assert [f.index for f in frames] == [0, 1, 2, 3, 4]
    assert [round(f.pts_s, 3) for f in frames] == [0.0, 0.04, 0.08, 0.12, 0.16]


def test_jitter_on_the_way_does_not_reach_the_output():
    timeline = LiveTimeline()
    late_s = [0, 0.1, 0.02, 0.3, 0.0, 0.15] * 20
    times = [placed(timeline, i, i / RATE + late) for i, late in enumerate(late_s)]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert max(abs(gap - 1 / RATE) for gap in gaps) < 0.002


def test_a_source_that_is_opened_again_goes_on_where_the_clock_on_the_wall_is():
    timeline = LiveTimeline()
    before = placed(timeline, 500, 10.0)
    after = placed(timeline, 0, 25.0)
    assert (before, round(after, 3)) == (0.0, 15.0)


def test_a_short_loss_leaves_its_gap():
    timeline = LiveTimeline()
    times = [placed(timeline, i, i / RATE) for i in range(10)]
    timeline.reopened()
    times += [placed(timeline, i, 1.0 + i / RATE) for i in range(10)]
    assert round(times[10], 3) == 1.0
    assert round(times[19] - times[10], 3) == 9 / RATE


def test_a_camera_whose_clock_is_set_makes_no_gap():
    timeline = LiveTimeline()
    times = [placed(timeline, i, i / RATE) for i in range(10)]
    times += [placed(timeline, 3600 * RATE + i, i / RATE) for i in range(10, 20)]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert max(gaps) < 0.05


def test_a_clock_that_runs_fast_is_followed_without_jumps():
    timeline = LiveTimeline()
    times = [placed(timeline, i, i / RATE * 0.999) for i in range(60 * RATE * 10)]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert max(gaps) < 0.05
    assert abs(times[-1] - 600 * 0.999) < 0.1


def test_a_frame_keeps_all_but_its_place():
    before = replace(frame(3), wall_s=12.5, file="a.jpg")
    after = LiveTimeline().place(before, arrived_s=0.0)
    places = {"index": before.index, "pts": before.pts, "time_base": before.time_base}
    moved_back = replace(after, **places)
    assert all(getattr(moved_back, f.name) is getattr(before, f.name) for f in fields(Frame))


def test_another_time_base_after_coming_back_changes_nothing():
    timeline = LiveTimeline()
    placed(timeline, 0, 0.0)
    again = timeline.place(frame(90_000, time_base=Fraction(1, 90_000)), arrived_s=5.0)
    assert again.pts_s == 5.0


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.floats(0, 1e6)), max_size=50))
def test_times_increase_whatever_the_source_says(frames: list[tuple[int, float]]):
    timeline = LiveTimeline()
    places = [timeline.place(frame(pts), arrived_s=s) for pts, s in frames]
    assert all(a.pts < b.pts for a, b in itertools.pairwise(places))

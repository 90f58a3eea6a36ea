from fractions import Fraction

import pytest

from posestream.sinks.publication import LiveTimes


def times(*pts_s: float) -> list[float]:
    clock = LiveTimes(Fraction(25))
    return [clock.next(Fraction(pts_s).limit_denominator(1000)) / 90_000 for pts_s in pts_s]


def test_times_follow_the_frames_from_zero():
    assert times(7.0, 7.04, 7.12) == pytest.approx([0, 0.04, 0.12])


def test_a_stream_that_begins_anew_goes_on_a_frame_later():
    assert times(7.0, 7.04, 0.0, 0.04) == pytest.approx([0, 0.04, 0.08, 0.12])


def test_two_frames_of_the_same_time_and_a_long_gap_do_not_stop_a_player():
    assert times(1.0, 1.0, 500.0) == pytest.approx([0, 0.04, 0.08])

"""When streams count as sustained."""

import pytest
from made_up_trials import trial

from posestream.density.trials import latency_limit_s, shortfalls


def test_streams_that_keep_their_rate_are_sustained():
    assert shortfalls(trial(), inference_s=0.02) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frames": (300, 290)}, "29.0 of 30 fps"),
        ({"dropped": (0, 4)}, "1.3 % dropped"),
        ({"latency_p99_s": 0.09}, "p99 90 of 87 ms"),
    ],
)
def test_one_bad_stream_or_late_frames_are_too_many_and_the_reason_is_said(
    changes: dict, reason: str
):
    assert shortfalls(trial(**changes), inference_s=0.02) == (reason,)


def test_every_reason_is_said():
    bad = trial(frames=(100, 100), dropped=(200, 200), latency_p99_s=float("inf"))
    assert len(shortfalls(bad, inference_s=0.02)) == 3


def test_a_window_that_cuts_a_row_of_frames_may_miss_one():
    assert shortfalls(trial(seconds=1.0, frames=(29, 30)), inference_s=0.02) == ()
    assert shortfalls(trial(seconds=1.0, frames=(28, 30)), inference_s=0.02) != ()


def test_the_worst_stream_counts_and_not_the_mean():
    one = trial(4, frames=(300, 300, 300, 200), dropped=(0, 0, 0, 100))
    assert (one.fps_min, one.fps_mean) == (20.0, 27.5)
    assert one.dropped_share == pytest.approx(1 / 12)
    assert one.dropped_share_max == pytest.approx(1 / 3)


def test_the_limit_of_the_latency_is_two_frame_intervals_and_the_network():
    assert latency_limit_s(25.0, inference_s=0.03) == pytest.approx(0.11)

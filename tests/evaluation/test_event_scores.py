import pytest

from posestream.evaluation.clips import Clip, Segment
from posestream.evaluation.events import EventScores, score_clip

KEYS = ["tp", "fp", "fn", "precision", "recall", "f1", "median_delay_s", "clips"]


def clip(*segments, kind="fall"):
    return Clip(
        path=None,  # pyright: ignore[reportArgumentType] - nothing is read
        name="a.mp4",
        kind=kind,
        action="falls",
        speed=1.0,
        segments=tuple(Segment(*segment) for segment in segments),
    )


FELL = clip(("standing", 0, 5), ("fall", 5, 6), ("fallen", 6, 20))


@pytest.mark.parametrize(
    ("told", "counts", "delays"),
    [
        ([6.5], (1, 0, 0), (1.5,)),
        ([4.8], (1, 0, 0), (-0.2,)),
        ([], (0, 0, 1), ()),
        ([3.0], (0, 1, 1), ()),
        ([8.0], (0, 0, 1), ()),
        ([25.0], (0, 1, 1), ()),
        ([6.5, 9.0], (1, 1, 0), (1.5,)),
    ],
)
def test_a_fall_counts_if_it_is_told_in_time(told, counts, delays):
    score = score_clip(FELL, told)
    assert (score.tp, score.fp, score.fn) == counts
    assert score.delays_s == pytest.approx(delays)


def test_a_fall_told_too_late_is_a_miss_but_no_false_alarm():
    score = score_clip(FELL, [9.0])
    assert (score.tp, score.fp, score.fn, score.late_s) == (0, 0, 1, (4.0,))
    assert score_clip(FELL, [9.0], max_delay_s=5).tp == 1


def test_every_fall_told_in_daily_life_is_a_false_alarm():
    score = score_clip(clip(("walk", 0, 60), kind="adl"), [3.0, 30.0])
    assert (score.tp, score.fp, score.fn) == (0, 2, 0)


def test_a_fall_that_nobody_timed_counts_whenever_it_is_told():
    assert score_clip(clip(), [17.0]).tp == 1
    assert score_clip(clip(), []).fn == 1
    assert score_clip(clip(), [17.0, 18.0]).fp == 1


def test_two_falls_need_two_tellings():
    twice = clip(("fall", 5, 6), ("fallen", 6, 9), ("fall", 20, 21))
    assert score_clip(twice, [6.0, 21.0]).tp == 2
    assert score_clip(twice, [6.0]).fn == 1


def test_scores_add_up_to_precision_recall_f1_and_delay():
    walk = clip(("walk", 0, 60), kind="adl")
    scores = EventScores(
        (
            score_clip(FELL, [6.0]),
            score_clip(FELL, [6.5]),
            score_clip(FELL, []),
            score_clip(walk, [1]),
        )
    )
    figures = scores.to_dict()
    assert list(figures) == [
        "tp",
        "fp",
        "fn",
        "precision",
        "recall",
        "f1",
        "median_delay_s",
        "clips",
    ]
    assert (figures["tp"], figures["fp"], figures["fn"]) == (2, 1, 1)
    assert figures["precision"] == figures["recall"] == pytest.approx(2 / 3, abs=1e-6)
    assert figures["f1"] == pytest.approx(2 / 3, abs=1e-6)
    assert figures["median_delay_s"] == pytest.approx(1.25)
    assert len(figures["clips"]) == 4


def test_nothing_told_and_nothing_to_tell_are_figures_too():
    figures = EventScores(()).to_dict()
    assert (figures["precision"], figures["recall"], figures["f1"]) == (0, 0, 0)
    assert figures["median_delay_s"] is None

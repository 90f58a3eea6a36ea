"""Lines are crossed by whoever goes through them, once each time, and never around them."""

import numpy as np
import pytest
from zone_walks import SIZE, along, story, tracks, watch, watcher_of

from posestream.analytics.zones import ZoneWatcher
from posestream.topology import COCO_17
from posestream.zones import Anchor, Line, LineCount

GATE = Line(name="gate", start=(500, 200), end=(500, 500))
"""From above to below, so its right-hand side is on the left of the picture."""


def crossings(*stops: tuple[float, float, float], line: Line = GATE, fps: float = 25) -> list[str]:
    walk = along(*stops)
    return story(watch(watcher_of(line), lambda t: {7: walk(t)}, seconds=stops[-1][0], fps=fps))


def test_a_way_through_the_line_has_a_direction():
    assert crossings((0, 300, 400), (2, 700, 400)) == ["7 cross gate out"]
    assert crossings((0, 700, 400), (2, 300, 400)) == ["7 cross gate in"]


def test_on_the_screen_a_line_from_left_to_right_is_crossed_downwards_first():
    stairs = Line(name="stairs", start=(0.2, 0.5), end=(0.8, 0.5), directions=("down", "up"))
    assert crossings((0, 500, 200), (2, 500, 400), line=stairs) == ["7 cross stairs down"]
    assert crossings((0, 500, 400), (2, 500, 200), line=stairs) == ["7 cross stairs up"]


@pytest.mark.parametrize("fps", [1, 3, 25, 100])
def test_to_and_fro_counts_each_way(fps):
    stops = ((0, 300, 400), (3, 700, 400), (6, 700, 400), (9, 300, 400), (13, 300, 400))
    assert crossings(*stops, fps=fps) == ["7 cross gate out", "7 cross gate in"]


def test_who_walks_around_an_end_does_not_cross():
    around = ((0, 300, 400), (2, 300, 560), (4, 700, 560), (6, 700, 400))
    assert crossings(*around) == []
    assert crossings(*around, (8, 300, 400), (9, 300, 400)) == ["7 cross gate in"]


def test_who_comes_up_to_the_line_and_turns_back_does_not_cross():
    assert crossings((0, 300, 400), (2, 503, 400), (3, 503, 400), (5, 300, 400)) == []


@pytest.mark.parametrize("at", [490, 500, 510])
def test_standing_on_the_line_makes_no_storm(at):
    rng = np.random.default_rng(2)
    events = watch(watcher_of(GATE), lambda t: {7: (at + rng.normal(0, 6), 400)}, seconds=60)
    assert len(events) <= 1


def test_a_crossing_while_out_of_sight_for_a_moment_counts():
    walk = along((0, 300, 400), (4, 700, 400))
    events = watch(watcher_of(GATE), lambda t: {} if 1.5 < t < 2.5 else {7: walk(t)}, seconds=4)
    assert story(events) == ["7 cross gate out"]


def test_a_crossing_of_somebody_who_gets_a_new_identity_on_the_way_counts_once():
    walk = along((0, 300, 400), (4, 700, 400))
    events = watch(watcher_of(GATE), lambda t: {7 if t < 2 else 9: walk(t)}, seconds=4)
    assert story(events) == ["9 cross gate out"]


def test_a_leap_to_the_other_side_is_no_crossing():
    events = watch(watcher_of(GATE), lambda t: {7: (100 if t < 2 else 900, 400)}, seconds=5)
    assert events == []


def test_crossings_are_counted_by_direction():
    watcher = watcher_of(GATE)
    walks = {n: along((0, 300, 250 + 20 * n), (2, 700, 250 + 20 * n)) for n in range(3)}
    walks[9] = along((0, 700, 400), (2, 300, 400))
    events = watch(watcher, lambda t: {n: walk(t) for n, walk in walks.items()}, seconds=2)
    assert len(events) == 4
    assert watcher.counts.lines == (LineCount("gate", ("in", "out"), (1, 3)),)
    assert watcher.counts.to_dict()["lines"] == {"gate": {"in": 1, "out": 3}}


def test_the_middle_of_chosen_keypoints_may_cross():
    rail = Line(
        name="rail",
        start=(0, 200),
        end=(1000, 200),
        directions=("down", "up"),
        anchor=Anchor(("left_hip", "right_hip")),
    )
    assert crossings((0, 500, 250), (2, 500, 350), line=rail) == ["7 cross rail down"]
    unseen = watcher_of(
        Line(name="rail", start=(0, 200), end=(1000, 200), anchor=Anchor(("left_hip",), every=True))
    )
    for n in range(50):
        person = tracks({7: (500, 250 + 2 * n)})
        person.poses.keypoint_scores[0, COCO_17.keypoints.index("left_hip")] = 0
        assert unseen.update(person, pts_s=n / 25, size=SIZE) == []


def test_a_picture_that_changes_its_size_on_the_way_is_no_crossing():
    watcher = ZoneWatcher(COCO_17, lines=[GATE])
    for n in range(100):
        size, at, tall = (
            ((1000, 600), (600, 400), 200.0) if n % 20 < 10 else ((500, 300), (300, 200), 100.0)
        )
        assert watcher.update(tracks({7: at}, tall=tall), pts_s=n / 25, size=size) == []

"""People enter zones, stay and leave, each once, whatever the picture does."""

import numpy as np
import pytest
from zone_walks import SIZE, TALL, along, story, tracks, watch, watcher_of

from posestream.errors import ConfigError
from posestream.topology import COCO_17
from posestream.types import Poses, Tracks
from posestream.zones import Anchor, Line, Zone, ZoneCount

DOOR = Zone(name="door", polygon=((400, 300), (600, 300), (600, 500), (400, 500)))
"""200 pixels wide, as high as people are tall."""
SHARES = Zone(name="door", polygon=tuple((x / 1000, y / 600) for x, y in DOOR.polygon))
THROUGH = along((0, 100, 400), (4, 900, 400))


def test_who_walks_through_enters_once_and_leaves_once():
    watcher = watcher_of(DOOR)
    events = watch(watcher, lambda t: {7: THROUGH(t)}, seconds=4)
    assert story(events) == ["7 enter door", "7 leave door"]
    entered, left = events
    assert entered.stream == "hall"
    assert entered.pts_s == pytest.approx(1.5 + DOOR.settle_s + 0.04, abs=0.05)
    assert left.evidence["stay_s"] == pytest.approx(1.0, abs=0.12)
    assert watcher.counts.zones == (ZoneCount("door", present=0, entered=1, left=1, dwelt=0),)


def test_fractions_and_pixels_of_another_picture_are_the_same_zone():
    halves = Zone(
        name="door", polygon=((200, 150), (300, 150), (300, 250), (200, 250)), drawn_on=(500, 300)
    )
    times = [
        [e.pts_s for e in watch(watcher_of(zone), lambda t: {7: THROUGH(t)}, seconds=4)]
        for zone in (DOOR, SHARES, halves)
    ]
    assert times[0] == times[1] == times[2]


def test_occupancy_follows_people_in_and_out():
    watcher = watcher_of(DOOR)
    walks = {
        1: THROUGH,
        2: along((0, 500, 400), (1, 500, 400)),
        3: along((0, 50, 400), (1, 50, 400)),
    }
    watch(watcher, lambda t: {n: walk(t) for n, walk in walks.items()}, seconds=2.2)
    assert watcher.counts.zones[0].present == 2
    assert watcher.zones_of(np.array([1, 2, 3, 99])) == ["door", "door", None, None]
    assert watcher.counts.to_dict()["zones"] == {
        "door": {"present": 2, "entered": 2, "left": 0, "dwelt": 0}
    }


def test_dwell_is_told_once_a_visit():
    zone = Zone(name="door", polygon=DOOR.polygon, dwell_s=3)
    walk = along(
        (0, 100, 400), (1, 500, 400), (9, 500, 400), (10, 100, 400), (11, 500, 400), (16, 500, 400)
    )
    watcher = watcher_of(zone)
    events = watch(watcher, lambda t: {7: walk(t)}, seconds=16)
    assert story(events) == [
        *("7 enter door", "7 dwell door", "7 leave door"),
        *("7 enter door", "7 dwell door"),
    ]
    assert events[1].evidence["stay_s"] == pytest.approx(3, abs=0.05)
    assert watcher.counts.zones[0].dwelt == 2


@pytest.mark.parametrize("border", [400, 395, 405])
def test_jitter_on_the_border_makes_no_storm(border):
    rng = np.random.default_rng(1)
    watcher = watcher_of(DOOR)
    events = watch(
        watcher, lambda t: {7: (border + rng.normal(0, 6), 400 + rng.normal(0, 6))}, seconds=60
    )
    assert len(events) <= 1


def test_swaying_over_the_border_faster_than_it_settles_changes_nothing():
    watcher = watcher_of(DOOR)
    events = watch(
        watcher, lambda t: {7: (400 + 60 * np.sin(2 * np.pi * 2.5 * t), 400)}, seconds=20
    )
    assert events == []


def test_a_short_loss_is_no_leaving():
    watcher = watcher_of(DOOR)
    events = watch(watcher, lambda t: {} if 2 < t < 3.5 else {7: (500, 400)}, seconds=6)
    assert story(events) == ["7 enter door"]


def test_a_new_identity_at_the_same_place_is_the_same_visit():
    watcher = watcher_of(Zone(name="door", polygon=DOOR.polygon, dwell_s=4))
    events = watch(
        watcher, lambda t: {7: (500, 400)} if t < 2 else {} if t < 3 else {8: (530, 410)}, seconds=6
    )
    assert story(events) == ["7 enter door", "8 dwell door"]


def test_a_new_identity_elsewhere_is_somebody_else():
    watcher = watcher_of(DOOR)
    events = watch(watcher, lambda t: {7: (450, 400)} if t < 2 else {8: (950, 400)}, seconds=6)
    assert story(events) == ["7 enter door", "7 leave door"]


def test_two_people_who_meet_keep_their_own_visits():
    left, right = along((0, 420, 400), (4, 580, 400)), along((0, 580, 420), (4, 420, 420))
    watcher = watcher_of(DOOR)
    events = watch(watcher, lambda t: {1: left(t), 2: right(t)}, seconds=4)
    assert sorted(story(events)) == ["1 enter door", "2 enter door"]


def test_who_vanishes_leaves_after_the_grace_time():
    watcher = watcher_of(DOOR, grace_s=2.0)
    events = watch(watcher, lambda t: {7: (500, 400)} if t < 2 else {}, seconds=6)
    assert story(events) == ["7 enter door", "7 leave door"]
    assert events[1].pts_s == pytest.approx(4.04, abs=0.05)
    assert events[1].evidence["stay_s"] == pytest.approx(1.96, abs=0.05)
    assert events[1].evidence["unseen_s"] == pytest.approx(2.0, abs=0.1)
    assert watcher.counts.zones[0].present == 0


def test_who_is_seen_in_one_frame_only_is_no_visitor():
    watcher = watcher_of(DOOR, Line(name="gate", start=(500, 0), end=(500, 600)))
    assert watch(watcher, lambda t: {int(t * 25): (500, 400)}, seconds=0.04) == []
    assert watch(watcher, lambda t: {}, seconds=5, start_s=1) == []


def test_a_leap_into_the_zone_and_back_is_nothing():
    watcher = watcher_of(DOOR, Line(name="gate", start=(300, 0), end=(300, 600)))
    events = watch(watcher, lambda t: {7: (500, 400) if 2 <= t < 2.2 else (20, 400)}, seconds=5)
    assert events == []


def test_low_frame_rates_tell_the_same():
    for fps in (1, 2, 5, 60):
        walk = along((0, 100, 400), (4, 500, 400), (8, 500, 400), (12, 900, 400))
        watcher = watcher_of(DOOR)
        events = watch(watcher, lambda t, w=walk: {7: w(t)}, seconds=13, fps=fps)
        assert story(events) == ["7 enter door", "7 leave door"], fps


def test_a_stream_that_begins_anew_tells_nothing_by_itself():
    watcher = watcher_of(DOOR)
    assert story(watch(watcher, lambda t: {7: (500, 400)}, seconds=3)) == ["7 enter door"]
    assert watch(watcher, lambda t: {7: (500, 400)}, seconds=3) == []
    assert watch(watcher, lambda t: {7: (500, 400)}, seconds=3, start_s=5000) == []


def test_times_that_stand_still_or_are_none_stop_the_clock():
    watcher = watcher_of(DOOR)
    for pts_s in (1.0, 1.0, np.nan, 0.5, -np.inf, 0.5):
        assert watcher.update(tracks({7: (500, 400)}), pts_s=pts_s, size=SIZE) == []


def test_a_picture_of_another_size_shows_the_same_zone():
    for zone in (DOOR, SHARES):
        watcher = watcher_of(zone, Line(name="gate", start=(300, 0), end=(300, 600)))
        events = watch(watcher, lambda t: {7: (500, 400)}, seconds=2)
        for n in range(50):
            small = tracks({7: (250, 200)}, tall=TALL / 2)
            events += watcher.update(small, pts_s=2 + n / 25, size=(500, 300))
        assert story(events) == ["7 enter door"]


def test_feet_below_the_picture_stand_at_its_edge():
    front = Zone(name="front", polygon=((0, 0.8), (1, 0.8), (1, 1), (0, 1)))
    watcher = watcher_of(front)
    person = tracks({7: (500, 700)})  # the ankles are outside, as some networks guess them
    events = [e for n in range(20) for e in watcher.update(person, pts_s=n / 10, size=SIZE)]
    assert story(events) == ["7 enter front"]


def test_nobody_tracked_is_nobody_watched():
    watcher = watcher_of(DOOR)
    assert watch(watcher, lambda t: {-1: (500, 400)}, seconds=2) == []
    assert watcher.counts.zones[0].present == 0


def people_with(names: tuple[str, ...], at: tuple[float, float]) -> Tracks:
    """Somebody far away from the zone, but for some keypoints."""
    person = tracks({7: (50, 400)})
    points = person.poses.keypoints.copy()
    points[0, [COCO_17.keypoints.index(name) for name in names]] = at
    poses = person.poses
    return Tracks(Poses(points, poses.keypoint_scores, poses.scores, poses.boxes), person.ids)


WRISTS = ("left_wrist", "right_wrist")


@pytest.mark.parametrize(
    ("every", "names", "enters"),
    [
        (False, WRISTS[:1], True),
        (True, WRISTS[:1], False),
        (True, WRISTS, True),
        (False, (), False),
    ],
)
def test_any_or_all_of_chosen_keypoints_may_count(every, names, enters):
    shelf = Zone(name="shelf", polygon=DOOR.polygon, anchor=Anchor(WRISTS, every))
    watcher = watcher_of(shelf)
    person = people_with(names, (500, 400))
    events = [e for n in range(20) for e in watcher.update(person, pts_s=n / 10, size=SIZE)]
    assert story(events) == ["7 enter shelf"] * enters


def test_wrists_that_are_not_seen_leave_open_whether_somebody_is_there():
    shelf = Zone(name="shelf", polygon=DOOR.polygon, anchor=Anchor(WRISTS, every=True))
    watcher = watcher_of(shelf)
    person = people_with(WRISTS, (500, 400))
    events = [e for n in range(10) for e in watcher.update(person, pts_s=n / 10, size=SIZE)]
    person.poses.keypoints[0, COCO_17.keypoints.index("left_wrist")] = np.nan
    events += [e for n in range(10, 99) for e in watcher.update(person, pts_s=n / 10, size=SIZE)]
    assert story(events) == ["7 enter shelf"]


def test_a_narrow_zone_can_be_entered():
    strip = Zone(name="strip", polygon=((0, 398), (1000, 398), (1000, 404), (0, 404)))
    watcher = watcher_of(strip)
    assert story(watch(watcher, lambda t: {7: (500, 401)}, seconds=2)) == ["7 enter strip"]


def test_many_people_come_and_go_without_growth():
    watcher = watcher_of(DOOR, grace_s=0.5)
    watch(watcher, lambda t: {int(t * 25): (50 + 37 * int(t * 25) % 900, 400)}, seconds=40)
    assert len(watcher._visitors.rows) < 20
    assert watcher._visitors.capacity < 40


def test_an_unknown_keypoint_is_refused_with_a_suggestion():
    with pytest.raises(ConfigError, match=r"left_wirst.*Did you mean 'left_wrist'"):
        watcher_of(Zone(name="z", polygon=DOOR.polygon, anchor=Anchor(("left_wirst",))))
    with pytest.raises(ConfigError, match=r"'tail'.*Allowed: feet, nose"):
        watcher_of(Zone(name="z", polygon=DOOR.polygon, anchor=Anchor(("tail",))))


def test_one_name_for_two_places_is_refused():
    with pytest.raises(ValueError, match="more than one is called door"):
        watcher_of(DOOR, SHARES)

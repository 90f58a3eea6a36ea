"""Whatever comes out of a network and a stream, watching it never fails and keeps its books."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from zone_walks import tracks, watcher_of

from posestream.analytics.ground import GroundPlane
from posestream.analytics.speeds import SpeedMeter
from posestream.events import CROSS, ENTER, LEAVE
from posestream.topology import COCO_17
from posestream.types import Poses, Tracks
from posestream.zones import Anchor, Line, Zone

PLACES = (
    Zone(name="door", polygon=((0.4, 0.5), (0.6, 0.5), (0.6, 0.8), (0.4, 0.8)), dwell_s=1),
    Zone(name="desk", polygon=((0, 0), (300, 0), (300, 600), (0, 600)), anchor=Anchor(("nose",))),
    Zone(name="bed", polygon=((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)),
         anchor=Anchor(("left_hip", "right_hip"), every=True), settle_s=0),
    Line(name="gate", start=(0.5, 0), end=(0.5, 1)),
)  # fmt: skip

ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)
TIMES = st.floats(-1e9, 1e9) | st.sampled_from([0.0, 0.04, 0.08, np.nan, np.inf])
NUMBERS = st.integers(0, 2**32 - 1)


@st.composite
def frames(draw):
    rng = np.random.default_rng(draw(NUMBERS))
    count = draw(st.integers(0, 4))
    points = rng.uniform(-200, 1200, (count, 17, 2)).astype(np.float32)
    points[rng.random((count, 17)) < 0.3] = draw(ANY)
    boxes = rng.uniform(-200, 1200, (count, 4)).astype(np.float32)
    if count and draw(st.booleans()):
        boxes[0] = draw(ANY)
    scores = rng.random((count, 17)).astype(np.float32)
    poses = Poses(points, scores, np.ones(count, np.float32), boxes)
    ids = rng.integers(-1, 4, count)
    size = draw(st.sampled_from([(1000, 600), (64, 48), (1, 1)]))
    return Tracks(poses, ids), draw(TIMES), size


@settings(deadline=None, max_examples=60)
@given(st.lists(frames(), max_size=12))
def test_anything_is_taken_and_every_visit_has_one_beginning_and_one_end(shown):
    watcher = watcher_of(*PLACES)
    kinds: Counter[tuple[str, str]] = Counter()
    for found, pts_s, size in shown:
        events = watcher.update(found, pts_s=pts_s, size=size, wall_s=pts_s)
        kinds.update((e.kind, e.zone) for e in events if e.kind != CROSS)
        for zone in watcher.counts.zones:
            assert zone.entered - zone.left == zone.present >= 0
            assert (zone.entered, zone.left) == (kinds[ENTER, zone.name], kinds[LEAVE, zone.name])


@settings(deadline=None, max_examples=30)
@given(NUMBERS)
def test_who_leaps_about_is_never_anywhere(seed):
    rng = np.random.default_rng(seed)
    watcher = watcher_of(PLACES[0], PLACES[3])
    corners = ((20, 580), (980, 580), (500, 400), (980, 30))
    for n in range(60):
        at = corners[(n + int(rng.integers(0, 2))) % 4 if n % 3 else n % 4]
        person = tracks({7: at}, tall=50)
        assert watcher.update(person, pts_s=n / 10, size=(1000, 600)) == [] or n == 0


@settings(deadline=None, max_examples=30)
@given(st.lists(TIMES, min_size=1, max_size=20), st.sampled_from([(500, 400), (20, 100)]))
def test_no_time_makes_a_crossing_of_somebody_who_stands(times, at):
    watcher = watcher_of(*PLACES)
    for pts_s in times:
        events = watcher.update(tracks({7: at}), pts_s=pts_s, size=(1000, 600))
        assert {event.kind for event in events} <= {ENTER, "dwell"}


@settings(deadline=None, max_examples=40)
@given(st.lists(frames(), max_size=10))
def test_speeds_are_finite_or_unknown_and_ways_only_grow(shown):
    ground = GroundPlane(((0.1, 0.4), (0.9, 0.4), (1, 1), (0, 1)), ((0, 9), (9, 9), (6, 0), (3, 0)))
    meter = SpeedMeter(COCO_17, ground)
    for found, pts_s, size in shown:
        moved = meter.update(found, pts_s=pts_s, size=size)
        assert moved.speeds.shape == moved.distances.shape == found.ids.shape
        assert not np.isinf(moved.speeds).any()
        assert not (moved.distances < 0).any()
